-- A training and how far it is; age: seconds since it was ordered; wait: until the provider's list shows for sure whether that
-- has arrived
select t.base_model, t.remote, t.model_name, t.parameters, t.data, t.file_id, t.remote_id, t.ordered_at is not null as ordered,
       coalesce(extract(epoch from now() - t.ordered_at)::integer, 0) as age,
       coalesce(greatest(0, ceil(extract(epoch from t.ordered_at + make_interval(secs => :settle::integer) - clock_timestamp()))), 0)::integer
         as wait
  from ailice.training t
 where t.id = :training_id
