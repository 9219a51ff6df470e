begin;
select plan(26);

create temp table u on commit drop as
select tests.create_user('owner@example.com') as owner, tests.create_user('admin@example.com') as admin,
  tests.create_user('new@example.com') as invitee, tests.create_user('outsider@example.com') as outsider;
create temp table made (brand uuid, token text, member uuid) on commit drop;
grant all on u, made to authenticated, service_role, anon;

select tests.as_anon();
select throws_ok($$select core.create_brand('Shop', 'shop')$$, '42501', null, 'an anonymous caller creates no brand');

select tests.authenticate_as(owner) from u;
insert into made (brand) select (core.create_brand('Shop', 'shop', 'Europe/Berlin', 'EUR')).id;
select is((select role::text from core.users where brand_id = (select brand from made)), 'owner', 'the creator of a brand is its owner');
select throws_ok($$select core.create_brand('Other', 'shop')$$, '23505', null, 'a slug is taken once');
select throws_ok($$select core.create_brand('Other', 'Not A Slug')$$, 'PT400', null, 'a bad slug is refused');
select throws_ok($$select core.create_brand('Other', 'other', 'Mars/Base')$$, 'PT400', null, 'an unknown time zone is refused');
select throws_ok($$update core.brands set timezone = 'Mars/Base'$$, 'PT400', null, 'also by a later update');

update made set token = i.token, member = i.member_id from core.invite_member((select brand from made), 'New@Example.com ', 'operator') i;
select is((select count(*)::int from core.users where email = 'new@example.com' and not is_active), 1, 'an invitation makes an inactive member');

select tests.authenticate_as(outsider) from u;
select throws_ok($$select core.accept_invitation((select token from made))$$, 'PT404', null, 'a token is of no use to another address');
select is_empty($$select * from core.brands$$, 'an outsider sees no brand');
select throws_ok($$select core.invite_member((select brand from made), 'x@example.com', 'customer')$$, '42501', null, 'and invites nobody');

select tests.authenticate_as(invitee) from u;
select is((select (core.accept_invitation(token)).role::text from made), 'operator', 'the invited user becomes a member');
select throws_ok($$select core.accept_invitation((select token from made))$$, 'PT404', null, 'a token works once');
select throws_ok($$select core.change_role(brand, member, 'owner') from made$$, '42501', null, 'an operator does not raise itself');
select throws_ok($$update core.users set role = 'owner'$$, '42501', null, 'not by a direct write either');

select tests.clear_authentication();
select tests.add_member(brand, admin, 'admin') from made, u;
select tests.authenticate_as(admin) from u;
select lives_ok($$select core.change_role(brand, member, 'manager') from made$$, 'an admin changes a role below its own');
select throws_ok($$select core.change_role(brand, member, 'admin') from made$$, '42501', null, 'but gives nobody its own rank');
select throws_ok(
  $$select core.remove_member(m.brand, o.id) from made m, core.users o where o.role = 'owner'$$, '42501', null, 'and does not remove an owner');

select tests.authenticate_as(owner) from u;
select throws_ok(
  $$select core.remove_member(m.brand, o.id) from made m, core.users o where o.role = 'owner'$$, 'PT409', null, 'the last owner cannot leave');
select throws_ok(
  $$select core.change_role(m.brand, o.id, 'admin') from made m, core.users o where o.role = 'owner'$$, 'PT409', null, 'nor step down');
select lives_ok($$select core.remove_member(brand, member) from made$$, 'an owner removes a member');

select tests.authenticate_as(invitee) from u;
select is_empty($$select * from core.brands$$, 'a removed member is out at once');
select is_empty($$select * from core.users$$, 'and does not even see itself');

select tests.authenticate_as(owner) from u;
select lives_ok($$select core.change_role(m.brand, a.id, 'owner') from made m, core.users a where a.role = 'admin'$$, 'an owner makes another owner');
select lives_ok(
  $$select core.remove_member(m.brand, o.id) from made m, core.users o where o.auth_user_id = auth.uid()$$, 'and may then leave');

select tests.clear_authentication();
select throws_ok($$delete from auth.users where id = (select admin from u)$$, 'PT409', null, 'the account of the last owner cannot be deleted');
select lives_ok($$delete from core.brands where id = (select brand from made)$$, 'a brand is deleted with all its members');

select * from finish();
rollback;
