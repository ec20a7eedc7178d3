-- public: services are the machine's. How those outside answered last
select name, status, ms, detail::text as detail, why, iso_time(checked_at) as checked_at from service_state order by name limit 100
