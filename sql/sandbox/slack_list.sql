-- sql/sandbox/slack_list.sql: channels, a page behind the number that its cursor is
with asked as (
  select sandbox.number_of(q ->> 'limit', 100, 1000) as most, sandbox.number_of(q ->> 'cursor', 0, 1000000) as behind
    from (select :query::jsonb as q) s),
page as (
  select l.*, row_number() over (order by n) as place from sandbox.listed('slack') l, asked
   where n > behind order by n limit (select most + 1 from asked))
select json_build_object('ok', true,
         'channels', coalesce(json_agg(json_build_object('id', 'C' || lpad(n::text, 10, '0'), 'name', replace(lower(name), ' ', '-'),
                                       'is_channel', true, 'is_archived', false, 'is_private', false, 'created', sandbox.epoch(at),
                                       'updated', sandbox.epoch(at) * 1000, 'creator', 'USANDBOX', 'num_members', 3,
                                       'topic', json_build_object('value', 'The sandbox', 'creator', '', 'last_set', 0)) order by n)
                              filter (where place <= most), '[]'),
         'response_metadata', json_build_object('next_cursor',
           case when count(*) > min(most) then (max(n) filter (where place = most))::text else '' end)) as body
  from asked left join page on true
