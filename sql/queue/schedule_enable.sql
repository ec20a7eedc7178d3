-- Let a recurring job rest, or go on
select schedule_enable(who => :who, name => :name, enabled => :enabled)
