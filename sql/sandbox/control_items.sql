-- sql/sandbox/control_items.sql: how many things the list of an integration has from now on, and how many were changed just now
select sandbox.items(:service, :count::int, :touched::int) as body
