-- One of the caller's services
select ailice.integration_json(i) as body
  from ailice.integration i
 where i.account_id = :account_id and i.service = :service
