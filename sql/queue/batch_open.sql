-- A batch to put jobs into
select batch_open(:product, :tenant, :account_id, :name, :finally) as id
