-- The first of these messages of the provider's that is none of ours yet. Workers of an earlier release write a sid into its
-- message only
select u.sid
  from unnest(:sids::text[]) with ordinality as u(sid, n)
 where not exists (select from sms_owned s where s.sid = u.sid)
   and not exists (select from sms s where s.sid = u.sid)
   and not exists (select from smsagent.recipient r where r.sid = u.sid)
 order by u.n
 limit 1
