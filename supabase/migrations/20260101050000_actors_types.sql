create schema actors;
comment on schema actors is 'People: who they are (identifiers), what was observed about each (evidence), and what is believed with which confidence (beliefs).';
grant usage on schema actors to authenticated, service_role;

create type actors.identifier_type as enum ('phone', 'email', 'social_handle', 'customer_id', 'name');
create type actors.distribution as enum ('beta', 'dirichlet', 'gamma', 'normal');
create type actors.evidence_source as enum ('signal', 'outcome');
create type actors.vector_type as enum ('demographic', 'behavioral', 'preference', 'combined', 'custom');
