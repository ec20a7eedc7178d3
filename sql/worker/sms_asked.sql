-- The provider has answered what became of a message: others come first before it is asked again
with one as (update sms set asked_at = now() where sid = :sid)
update smsagent.recipient set asked_at = now() where sid = :sid
