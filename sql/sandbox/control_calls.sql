-- sql/sandbox/control_calls.sql: the calls that came
select coalesce(json_agg(json_build_object('id', c.id, 'service', c.service, 'operation', c.operation, 'method', c.method,
                                           'path', c.path, 'headers', c.headers, 'input', c.input::json,
                                           'fault', c.fault, 'at', iso_time(c.at)) order by c.id), '[]') as body
  from (select * from sandbox.call
         where (:service::text is null or service = :service)
           and (:method::text is null or method = :method)
           and (:path::text is null or path like :path)
           and id > coalesce(:after::bigint, 0)
         order by id
         limit coalesce(:limit::int, 1000)) c
