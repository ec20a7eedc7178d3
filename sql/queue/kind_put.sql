-- What producers need to know of a kind
insert into job_kind as k (name, queue, version, deadline, tries, plain)
values (:name, :queue, :version, :deadline, :tries, :plain)
on conflict (name) do update
   set queue = excluded.queue, version = excluded.version, deadline = excluded.deadline, tries = excluded.tries,
       plain = excluded.plain
