-- A queue takes no more, or takes more again
insert into queue as q (name, refusing, why) values (:queue, :refusing, :why)
on conflict (name) do update set refusing = excluded.refusing, why = excluded.why
 where (q.refusing, q.why) is distinct from (excluded.refusing, excluded.why)
