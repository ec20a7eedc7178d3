-- Undo the end of a job that was buried or cancelled; its ticket
select job_kick(:who, :job_id::uuid) as ticket
