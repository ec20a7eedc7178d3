-- A kind of a program that stands on the library; no row: it belongs to another queue
insert into job_kind as k (name, queue, version, deadline, tries, plain)
values (:name, :queue, :version, :deadline, :tries, true)
on conflict (name) do update
   set version = excluded.version, deadline = excluded.deadline, tries = excluded.tries
 where k.queue = excluded.queue
returning name
