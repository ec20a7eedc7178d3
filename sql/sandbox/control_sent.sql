-- sql/sandbox/control_sent.sql: what the sandbox has sent to webhooks, and what still waits
select coalesce(json_agg(json_build_object('id', o.id, 'service', o.service, 'line', o.line, 'url', o.url,
                                           'message', o.message, 'body', coalesce(o.body, o.form::text), 'state', o.state,
                                           'tries', o.tries, 'status', o.status, 'made', iso_time(o.made)) order by o.id),
                '[]') as body
  from (select * from sandbox.outgoing
         where :service::text is null or service = :service
         order by id
         limit coalesce(:limit::int, 1000)) o
