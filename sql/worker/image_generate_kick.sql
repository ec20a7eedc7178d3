-- A generation that was not made is queued again. What its end gave back is charged once more, to the period that is
-- now; its place among the running is not asked for: an operator has decided. Of a job that draws for no account there
-- is nothing to do.
with forgotten as (
  delete from ai_order where job_id = :job_id),
again as (
  select g.id, g.account_id, g.refunded, p.tier, p.credits
    from figureforge.generation g
   cross join lateral figureforge.plan_of(g.account_id) p
   where g.id = :job_id and g.status in ('failed', 'cancelled')),
charged as (
  update figureforge.usage u
     set period = figureforge.period(), running = u.running + 1,
         used = case when u.period = figureforge.period() then u.used else 0 end + again.refunded
    from again
   where u.account_id = again.account_id
     and case when u.period = figureforge.period() then u.used else 0 end + again.refunded <= again.credits
  returning u.account_id, u.period),
queued as (
  update figureforge.generation g
     set status = 'queued', error = null, finished_at = null, refunded = 0, period = charged.period
    from again, charged
   where g.id = again.id
  returning g.id)
select refuse('MR402', format('This needs %s credits again, and the %s plan of its account has fewer left', again.refunded,
                              again.tier)) as refused
  from again
 where not exists (select from queued)
