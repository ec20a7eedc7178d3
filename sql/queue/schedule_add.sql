-- A recurring job; answers its first tick
select iso_time(schedule_add(who => :who, name => :name, kind => :kind, expression => :expression, zone => :zone,
                             args => :args::json, product => :product, tenant => :tenant, priority => :priority::integer,
                             catch_up => :catch_up::integer)) as next
