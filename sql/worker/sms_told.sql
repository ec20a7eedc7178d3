-- What the provider answers when it is asked for a message
select sms_told(null, :sid, :status, :code, :message) as one, smsagent.recipient_told(null, :sid, :status, :code) as other
