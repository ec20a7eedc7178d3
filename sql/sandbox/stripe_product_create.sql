-- sql/sandbox/stripe_product_create.sql: make a product
select sandbox.stripe_put(sandbox.stripe_thing('prod_1', 'product', jsonb_build_object(
         'name', coalesce(:input::jsonb ->> 'name', refuse('MR400', 'Missing required param: name.')), 'active', true,
         'metadata', coalesce(:input::jsonb -> 'metadata', '{}')))) as body
