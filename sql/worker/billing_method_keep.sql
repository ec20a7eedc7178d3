-- A payment method that was attached
select billing.method_keep(:account::bigint, :method::json, :as_default::boolean, :name) as kept
