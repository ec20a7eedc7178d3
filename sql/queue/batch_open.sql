-- A batch to put jobs into
select batch_open(product => :product, tenant => :tenant, name => :name, finally => :finally::json) as id
