-- public: of the machine, by its command. He can sign in again
with changed as (
  update operator set disabled_at = null where id = operator_meant(:name) returning id)
select 'is enabled' as said, audit_note(:who, 'operator.enable', :name) from changed
