-- public: the signature was checked. Of a message that is not ours nothing changes; news come in any order, and twice.
select '' as body, sms_told(:ref, :message_sid, :message_status, nullif(:error_code, ''), nullif(:error_message, '')) as one,
       smsagent.recipient_told(:ref, :message_sid, :message_status, nullif(:error_code, '')) as many
