-- Some of whom it is not known whether they were texted, tried so long ago that the provider's list must tell; when that was, exactly
select phone_number, extract(epoch from intended_at) as intended
  from smsagent.recipient
 where message_no = :no::bigint and state = 'asking' and intended_at <= now() - make_interval(secs => :settle::integer)
 order by intended_at
 limit :most::bigint
