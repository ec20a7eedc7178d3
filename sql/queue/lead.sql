-- Take or keep the lead for ten seconds. No row: somebody else has it.
insert into leader as l (name, holder, term, expires)
values ('reconciler', :holder, 1, now() + interval '10 seconds')
on conflict (name) do update
   set term = case when l.holder = excluded.holder then l.term else l.term + 1 end,
       holder = excluded.holder, expires = excluded.expires
 where l.holder = excluded.holder or l.expires < now()
returning term
