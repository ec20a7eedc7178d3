-- A training of the caller's own
select json_build_object('training_id', t.id::text, 'status', t.status, 'model_name', t.model_name, 'model_type', t.model_type,
                         'base_model', t.base_model, 'model_id', t.model_id, 'accuracy', t.accuracy, 'error', t.error,
                         'created_at', ailice.stamp(t.created_at), 'finished_at', ailice.stamp(t.finished_at)) as body,
       t.status as etag
  from ailice.training t
 where t.id = :training_id and t.account_id = :account_id
