-- SPDX-License-Identifier: GPL-3.0-or-later
-- A job's arguments when a statement decides some of them: what the caller said (:job_args, which may be sealed) and, over
-- that, what was decided, which stays in plain (docs/adding-a-job-kind.md). What is said keeps its text, so that nothing
-- grows but by a few bytes a member.
create function job_args_with(said json, decided json) returns json
language plpgsql stable parallel safe as $$
declare
  args json := (select coalesce(json_object_agg(key, value), '{}')
                  from (select s.key, s.value from json_each(said) s where decided -> s.key is null
                        union all
                        select d.key, d.value from json_each(decided) d) as member);
begin
  if octet_length(args::text) > 65536 then
    perform refuse('MR413', 'This is more than a job may be given');
  end if;
  return args;
end $$;
