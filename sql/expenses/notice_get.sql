-- What the caller wants to be told, and how: of every type, chosen or not
select json_build_object(
         'email_enabled', p.notices -> 'email_enabled', 'push_enabled', p.notices -> 'push_enabled',
         'sms_enabled', p.notices -> 'sms_enabled',
         'preferences', (select json_agg(json_build_object(
                                  'type', t.type, 'enabled', coalesce(c.enabled, true),
                                  'channels', to_json(coalesce(c.channels, '{email,in_app}')),
                                  'frequency', coalesce(c.frequency, 'immediate')) order by t.position)
                           from expenses.notice_type t
                           left join expenses.notice_choice c on c.type = t.type and c.account_id = p.account_id),
         'quiet_hours', p.notices -> 'quiet_hours') as body
  from expenses.profile p
 where p.account_id = :account_id
