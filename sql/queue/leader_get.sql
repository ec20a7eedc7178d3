-- Who leads the schedulers, if anybody does
select holder, term, iso_time(expires) as expires_at from leader where name = 'reconciler' and expires > now()
