-- sql/sandbox/twitter_list.sql: posts, the newest first; a page's token is the number that it stands in front of
with asked as (
  select greatest(sandbox.number_of(q ->> 'max_results', 10, 100), 5) as most, sandbox.number_of(q ->> 'pagination_token', 1000000000, 1000000000) as before,
         (q ->> 'start_time')::timestamptz as since
    from (select :query::jsonb as q) s),
page as (
  select l.*, row_number() over (order by n desc) as place from sandbox.listed('twitter') l, asked
   where n < before and (since is null or at > since) order by n desc limit (select most + 1 from asked))
select jsonb_strip_nulls(jsonb_build_object(
         'data', jsonb_agg(jsonb_build_object('id', (1000 + n)::text, 'text', name, 'created_at', sandbox.zulu(at), 'author_id', :id::text,
                                              'edit_history_tweet_ids', array[(1000 + n)::text]) order by n desc) filter (where place <= most),
         'meta', jsonb_build_object('result_count', count(n) filter (where place <= most),
                                    'newest_id', (max(1000 + n) filter (where place <= most))::text,
                                    'oldest_id', (min(1000 + n) filter (where place <= most))::text,
                                    'next_token', case when count(n) > min(most) then (min(n) filter (where place <= most))::text end))) as body
  from asked left join page on true
