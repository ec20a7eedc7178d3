-- sql/sandbox/dropbox_continue.sql: what is in the folder, behind a cursor
select case when c ~ '^sandbox-\d{1,9}-\d{1,9}$' then 200 else 400 end as status,
       case when c ~ '^sandbox-\d{1,9}-\d{1,9}$' then sandbox.dropbox_page(split_part(c, '-', 2)::int, split_part(c, '-', 3)::int)
            else '{"error_summary": "reset/.", "error": {".tag": "reset"}}' end as body
  from (select :input::jsonb ->> 'cursor' as c) s
