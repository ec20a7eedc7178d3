-- Which providers this installation can use, as the configuration of the worker that has just started says
update provider set available = (name = any (:names::text[]))
 where name <> 'local' and available <> (name = any (:names::text[]))
