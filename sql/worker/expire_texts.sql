-- What was texted to us ninety days ago and more, some of it: nothing tells of it again, and no quota counts it any more
delete from smsagent.inbound
 where sid in (select sid from smsagent.inbound where received_at < now() - interval '90 days' order by received_at limit 1000)
returning sid
