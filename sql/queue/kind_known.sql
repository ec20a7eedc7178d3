-- Whether anybody has registered this queue, or this kind
select exists (select from job_kind k where k.queue = :queue or k.name = :kind) as known
