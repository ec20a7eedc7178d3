-- sql/sandbox/control_looks.sql: how many looks it takes from now on until what is ordered of a service is there
insert into sandbox.setting (service, looks) values (:service, :looks::int)
on conflict (service) do update set looks = excluded.looks
returning json_build_object('service', service, 'looks', looks) as body
