-- public: of the machine, by its command. Another role; it goes for sessions that are open, too
with changed as (
  update operator set role = :role where id = operator_meant(:name) returning role)
select 'is ' || role as said, audit_note(:who, 'operator.set', :name, json_build_object('role', role)) from changed
