-- How a service has answered
insert into provider_health as h (name, status, ms, detail, why, checked_at)
values (:name, :status, :ms::integer, :detail::json, :why, now())
on conflict (name) do update
   set status = excluded.status, ms = excluded.ms, detail = excluded.detail, why = excluded.why, checked_at = now()
