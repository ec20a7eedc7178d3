-- public: of the machine, by its command. He cannot sign in any more, and all his sessions end
with meant as (
  select operator_meant(:name) as id),
ended as (
  select id, operator_sign_out(id) from meant),
changed as (
  update operator o set disabled_at = coalesce(o.disabled_at, now()) from ended e where o.id = e.id returning o.id)
select 'is disabled' as said, audit_note(:who, 'operator.disable', :name) from changed
