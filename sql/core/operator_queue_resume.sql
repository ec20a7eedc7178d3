-- Jobs of the queue begin again; in the audit under the operator's name
select json_build_object('queue', :queue::text, 'paused', false) as body, operator_set(:account_id::bigint, :queue::text, 'paused', null) as settings
