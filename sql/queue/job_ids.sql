-- Ids for jobs that are to be put, so that putting them a second time, when nobody knows whether the first was committed,
-- does nothing; in their order, so that of jobs that were put together the first is the oldest
select job_id_make() as id from generate_series(1, :count::integer) order by 1
