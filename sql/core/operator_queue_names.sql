-- public: queues are the machine's, no caller's; that an operator asks is checked in front of this
select distinct queue from job_kind order by queue limit 200
