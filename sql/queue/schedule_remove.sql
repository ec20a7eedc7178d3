-- The end of a recurring job
select schedule_remove(who => :who, name => :name)
