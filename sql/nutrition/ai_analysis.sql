-- How far an analysis of the caller's is, and what it found. While it runs its job tells the progress.
select nutrition.analysis_json(a) as body, a.status in ('queued', 'processing') as pending, a.status || a.progress as etag
  from nutrition.analysis a
 where a.id = :session_id and a.account_id = :account_id
