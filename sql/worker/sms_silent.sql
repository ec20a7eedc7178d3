-- Messages that the provider has accepted hours ago and told nothing of since, nor was asked about; those of more than three days it
-- has given up
(select sid from sms
  where state = 'sent' and sid is not null and changed_at > now() - interval '3 days'
    and greatest(changed_at, asked_at) < now() - make_interval(hours => :hours::integer)
  order by changed_at limit :most::bigint)
union all
(select sid from smsagent.recipient
  where state = 'sent' and sid is not null and intended_at > now() - interval '3 days'
    and greatest(intended_at, asked_at) < now() - make_interval(hours => :hours::integer)
  order by intended_at limit :most::bigint)
