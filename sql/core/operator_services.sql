-- public: services are the machine's, no caller's; that an operator asks is checked in front of this
select json_build_object('services', coalesce(json_agg(json_build_object(
         'name', name, 'status', status, 'response_ms', ms, 'detail', detail, 'why', why, 'checked_at', iso_time(checked_at))
       order by name), '[]')) as body
  from service_state
