-- Remember that a running job is to be cancelled; its worker writes the end
insert into job_cancel (id, asked_by) values (:job_id, :asked_by) on conflict do nothing
