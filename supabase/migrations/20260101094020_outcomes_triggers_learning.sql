-- Who took knowledge away, or put it back, is told in the audit log of the brand.
create trigger _900_audit_undo after update of undone_at on outcomes.outcome_learning for each row
  when (old.undone_at is distinct from new.undone_at) execute function private.audit_change();
create trigger _900_audit_redo after insert on outcomes.outcome_learning for each row
  when (new.cause = 'learned_again') execute function private.audit_change();
