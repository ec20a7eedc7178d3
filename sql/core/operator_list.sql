-- public: of the machine, by its command. All operators
select o.name, o.role, case when o.disabled_at is null then 'enabled' else 'disabled' end as state,
       (select count(*) from operator_session s
         where s.operator_id = o.id and s.expires_at > now() and s.seen_at > now() - interval '2 hours') as sessions,
       iso_time(o.signed_in_at) as signed_in, iso_time(o.created_at) as created
  from operator o
 order by o.name
