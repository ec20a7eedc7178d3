-- public: the signature was checked. What is answered at once, and the task, if it becomes one: once, however often it is told
select case when said.answer = '' then E'<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n</Response>'
            else format(E'<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n    <Message>%s</Message>\n</Response>', said.answer)
       end as body, said.ticket as jobs
  from smsagent.receive(:product, :message_sid, :sender, coalesce(:body, ''), coalesce(:opted, ''), :request_id) as said
