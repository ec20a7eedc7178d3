-- What was read on a file, or why nothing was; the last reading counts. Of a file that has been taken back nothing is told. Those
-- who see an expense hear that its receipt was read
with noted as (
  insert into picture_text (file_id, job_id, status, result, error)
  select f.id, j.id,
         case when :outcome = 'cancelled' then 'cancelled' when :outcome = 'done' and f.deleted_at is null then 'completed' else 'failed' end,
         case when :outcome = 'done' and f.deleted_at is null then :result::json end,
         case when :outcome <> 'done' then :error when f.deleted_at is not null then 'the picture has been taken back' end
    from job j
    join file f on f.id = (j.args ->> 'file_id')::bigint and f.product = j.product
   where j.id = :job_id
  on conflict (file_id) do update
     set job_id = excluded.job_id, status = excluded.status, result = excluded.result, error = excluded.error,
         read_at = excluded.read_at
  returning *)
select expenses.receipt_read(n) from noted n
