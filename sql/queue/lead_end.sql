-- Give the lead back, so that the next need not wait for its end
delete from leader where name = 'reconciler' and holder = :holder
