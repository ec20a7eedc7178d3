-- No job of the queue begins any more; in the audit under the operator's name
select json_build_object('queue', :queue::text, 'paused', true) as body, operator_set(:account_id::bigint, :queue::text, 'paused', '1') as settings
