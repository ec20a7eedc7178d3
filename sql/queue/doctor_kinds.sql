-- What producers are told of each kind
select name, queue, version, deadline, tries from job_kind
