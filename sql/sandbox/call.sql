-- sql/sandbox/call.sql: keep what a call was, in front of its own statement and in the same transaction; of so many no more
with kept as (
  insert into sandbox.call (service, operation, method, path, headers, input, fault)
  values (:service, :operation, :method, :path, :headers::json, :input, :fault)
  returning id)
delete from sandbox.call
 where (select id from kept) % 1000 = 0 and id <= (select id from kept) - 200000
