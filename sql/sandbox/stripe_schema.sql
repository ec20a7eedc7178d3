-- sql/sandbox/stripe_schema.sql: Stripe, as its test mode behaves, in the API's version 2023-10-16. Things are in sandbox.thing;
-- kinds are the `object` of each.

create type sandbox.stripe_answer as (status int, body jsonb);

-- ---- errors ----

create function sandbox.stripe_no(status int, type text, code text, message text, param text default null, more jsonb default '{}')
returns sandbox.stripe_answer language sql immutable
return row(status, jsonb_build_object('error', jsonb_strip_nulls(jsonb_build_object('type', type, 'code', code,
           'message', message, 'param', param)) || more))::sandbox.stripe_answer;

create function sandbox.stripe_missing(what text, id text, param text default 'id', status int default 404)
returns sandbox.stripe_answer language sql immutable
return sandbox.stripe_no(status, 'invalid_request_error', 'resource_missing', format('No such %s: ''%s''', what, id), param);

create function sandbox.stripe_invalid(message text, param text default null, code text default null)
returns sandbox.stripe_answer language sql immutable
return sandbox.stripe_no(400, 'invalid_request_error', code, message, param);

-- ---- things ----

create function sandbox.stripe_get(kind text, id text) returns jsonb language sql stable
return sandbox.get('stripe', kind, id);

create function sandbox.stripe_put(body jsonb) returns jsonb language sql volatile
return sandbox.put('stripe', body ->> 'object', body ->> 'id', body);

create function sandbox.stripe_patch(kind text, id text, patch jsonb) returns jsonb language sql volatile
return sandbox.change('stripe', kind, id, patch);

-- What every thing has.
create function sandbox.stripe_thing(prefix text, object text, more jsonb) returns jsonb language sql volatile
return jsonb_build_object('id', sandbox.id(prefix), 'object', object, 'created', sandbox.epoch(), 'livemode', false,
                          'metadata', '{}'::jsonb) || more;

-- The thing at a path of members instead of its id: latest_invoice.payment_intent. Volatile, to see what the same statement has made.
create function sandbox.stripe_expand(body jsonb, path text) returns jsonb language plpgsql volatile as $$
declare
  key text := split_part(path, '.', 1);
  rest text := substr(path, length(split_part(path, '.', 1)) + 2);
  value jsonb := body -> split_part(path, '.', 1);
begin
  if jsonb_typeof(value) = 'string' then
    value := coalesce((select t.body from sandbox.thing t where t.service = 'stripe' and t.id = value #>> '{}'), value);
  end if;
  if jsonb_typeof(value) = 'array' and rest <> '' then
    value := (select coalesce(jsonb_agg(sandbox.stripe_expand(v, rest) order by n), '[]')
                from jsonb_array_elements(value) with ordinality as e(v, n));
  elsif jsonb_typeof(value) = 'object' and rest <> '' then
    value := sandbox.stripe_expand(value, rest);
  end if;
  return case when value is null then body else jsonb_set(body, array[key], value) end;
end $$;

-- An answer with what the caller wants to see in it: `expand` of the input or the query.
create function sandbox.stripe_shown(a sandbox.stripe_answer, input jsonb) returns sandbox.stripe_answer language plpgsql volatile as $$
declare
  path text;
begin
  if jsonb_typeof(input -> 'expand') in ('array', 'object') and coalesce(a.status, 200) < 300 then
    for path in select value from jsonb_each_text(case jsonb_typeof(input -> 'expand') when 'object' then input -> 'expand'
                  else (select jsonb_object_agg(n, v) from jsonb_array_elements(input -> 'expand') with ordinality as e(v, n)) end)
    loop
      a.body := sandbox.stripe_expand(a.body, path);
    end loop;
  end if;
  return a;
end $$;

create function sandbox.stripe_found(kind text, what text, id text) returns sandbox.stripe_answer language sql stable
return (select case when t.body is null then sandbox.stripe_missing(what, stripe_found.id)
                    else row(200, t.body)::sandbox.stripe_answer end
          from (values (1)) one left join sandbox.thing t
            on t.service = 'stripe' and t.kind = stripe_found.kind and t.id = stripe_found.id);

-- A page of things, the latest first.
create function sandbox.stripe_list(kind text, url text, query jsonb, wanted jsonb default '{}') returns sandbox.stripe_answer
language plpgsql stable as $$
declare
  size int := least(greatest(coalesce((query ->> 'limit')::int, 10), 1), 100);
  filter jsonb := jsonb_strip_nulls(wanted || jsonb_build_object('customer', query -> 'customer', 'type', query -> 'type',
    'email', query -> 'email', 'subscription', query -> 'subscription',
    'status', case when query ->> 'status' <> 'all' then query -> 'status' end));
  behind bigint := (select n from sandbox.thing t where t.service = 'stripe' and t.id = query ->> 'starting_after');
  before bigint := (select n from sandbox.thing t where t.service = 'stripe' and t.id = query ->> 'ending_before');
  since bigint := (query -> 'created' ->> 'gte')::bigint;
  found jsonb;
begin
  found := (select coalesce(jsonb_agg(p.body order by p.n desc), '[]')
              from (select t.body, t.n from sandbox.thing t
                     where t.service = 'stripe' and t.kind = stripe_list.kind and t.body @> filter
                       and (behind is null or t.n < behind) and (before is null or t.n > before)
                       and (since is null or (t.body ->> 'created')::bigint >= since)
                       and not t.body ? 'deleted'
                       and not (t.kind = 'subscription' and query ->> 'status' is null and t.body ->> 'status' = 'canceled')
                     order by t.n desc
                     limit size + 1) p);
  return row(200, jsonb_build_object('object', 'list', 'url', url, 'has_more', jsonb_array_length(found) > size,
                                     'data', case when jsonb_array_length(found) > size then found - size else found end));
end $$;

-- What Stripe's search language says of equality: metadata['job_id']:'x' AND status:'succeeded'.
create function sandbox.stripe_search(kind text, url text, query jsonb) returns sandbox.stripe_answer language plpgsql stable as $$
declare
  clause text[];
  wanted jsonb := '{}';
  page sandbox.stripe_answer;
begin
  for clause in select regexp_matches(query ->> 'query', '(?:metadata\[[''"](\w+)[''"]\]|(\w+)):[''"]([^''"]*)[''"]', 'g') loop
    wanted := case when clause[1] is null then wanted || jsonb_build_object(clause[2], clause[3])
                   else jsonb_set(wanted, '{metadata}', coalesce(wanted -> 'metadata', '{}') || jsonb_build_object(clause[1], clause[3]))
              end;
  end loop;
  if wanted = '{}' then
    return sandbox.stripe_invalid('We were unable to parse your search query.', 'query');
  end if;
  page := sandbox.stripe_list(kind, url, query - 'query', wanted);
  page.body := page.body || '{"object": "search_result", "next_page": null}';
  return page;
end $$;

-- ---- events ----

-- Something has happened: keep the event, and tell the product that the customer is of (all, when that is not known).
create function sandbox.stripe_tell(settings json, type text, object jsonb, previous jsonb default null) returns void
language plpgsql as $$
declare
  of text := coalesce(object #>> '{metadata,product}',
                      sandbox.stripe_get('customer', coalesce(object ->> 'customer', previous ->> 'customer')) #>> '{metadata,product}');
  event jsonb := sandbox.stripe_put(sandbox.stripe_thing('evt_1', 'event', jsonb_build_object(
    'api_version', '2023-10-16', 'type', type, 'pending_webhooks', 1, 'request', '{"id": null, "idempotency_key": null}'::jsonb,
    'data', jsonb_strip_nulls(jsonb_build_object('previous_attributes', previous)) || jsonb_build_object('object', object))) - 'metadata');
begin
  perform sandbox.send('stripe', 'stripe ' || p.product, settings ->> p.product || p.path, event ->> 'id', 'stripe',
                       split_part(settings ->> 'stripe_webhook_secret', ',', 1), event::text, null, '{"Content-Type": "application/json"}')
     from (values ('nutrition', '/api/v1/webhooks/stripe/'), ('expenses', '/api/webhooks/stripe/'),
                  ('ailice', '/api/billing/webhook'), ('figureforge', '/api/webhooks/stripe/')) as p(product, path)
    where (of is null or of = p.product) and coalesce(settings ->> p.product, '') <> ''
      and coalesce(settings ->> 'stripe_webhook_secret', '') <> '';
end $$;

-- ---- cards: Stripe's own for tests. fails: when it is charged; early: when it is attached already ----

create view sandbox.stripe_card as
  select * from (values
    ('visa', 'visa', '4242424242424242', null, false), ('visa_debit', 'visa', '4000056655665556', null, false),
    ('mastercard', 'mastercard', '5555555555554444', null, false), ('amex', 'amex', '378282246310005', null, false),
    ('chargeDeclined', 'visa', '4000000000000002', 'generic_decline', true),
    ('chargeDeclinedInsufficientFunds', 'visa', '4000000000009995', 'insufficient_funds', true),
    ('chargeDeclinedExpiredCard', 'visa', '4000000000000069', 'expired_card', true),
    ('chargeDeclinedIncorrectCvc', 'visa', '4000000000000127', 'incorrect_cvc', true),
    ('chargeDeclinedProcessingError', 'visa', '4000000000000119', 'processing_error', true),
    ('chargeCustomerFail', 'visa', '4000000000000341', 'generic_decline', false),
    ('authenticationRequired', 'visa', '4000002760003184', 'authentication_required', false),
    ('threeDSecure2Required', 'visa', '4000000000003220', 'authentication_required', false)
  ) as c(name, brand, number, fails, early);

create function sandbox.stripe_decline_text(reason text) returns text language sql immutable
return case reason when 'insufficient_funds' then 'Your card has insufficient funds.'
                   when 'expired_card' then 'Your card has expired.'
                   when 'incorrect_cvc' then 'Your card''s security code is incorrect.'
                   when 'processing_error' then 'An error occurred while processing your card. Try again in a little bit.'
                   when 'authentication_required' then 'Your card was declined. This transaction requires authentication.'
                   else 'Your card was declined.' end;

-- The error of a card that says no; codes as Stripe's, of which some have a code of their own.
create function sandbox.stripe_decline(reason text) returns jsonb language sql immutable
return jsonb_build_object('type', 'card_error', 'message', sandbox.stripe_decline_text(reason), 'decline_code', reason,
                          'code', case when reason in ('expired_card', 'incorrect_cvc', 'processing_error', 'authentication_required')
                                       then reason else 'card_declined' end);

create function sandbox.stripe_card_of(method jsonb) returns sandbox.stripe_card language sql stable
return (select c from sandbox.stripe_card c
         where right(c.number, 4) = method #>> '{card,last4}' and c.brand = method #>> '{card,brand}');

create function sandbox.stripe_method_make(c sandbox.stripe_card, more jsonb) returns jsonb language sql volatile
return sandbox.stripe_put(sandbox.stripe_thing('pm_1', 'payment_method', jsonb_build_object(
         'type', 'card', 'customer', null, 'billing_details', '{"address": null, "email": null, "name": null, "phone": null}'::jsonb,
         'card', jsonb_build_object('brand', c.brand, 'last4', right(c.number, 4), 'exp_month', 12, 'exp_year', 2034,
                                    'country', 'US', 'funding', case when c.name like '%debit' then 'debit' else 'credit' end,
                                    'fingerprint', left(md5(c.number), 16),
                                    'checks', '{"cvc_check": "pass", "address_line1_check": null, "address_postal_code_check": null}'::jsonb,
                                    'three_d_secure_usage', '{"supported": true}'::jsonb, 'wallet', null)) || more));

create function sandbox.stripe_method_create(input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  c sandbox.stripe_card;
  token text := input #>> '{card,token}';
  typed text := replace(input #>> '{card,number}', ' ', '');
begin
  if input ->> 'type' is distinct from 'card' then
    return sandbox.stripe_invalid('Missing required param: type.', 'type', 'parameter_missing');
  end if;
  select x.* into c from sandbox.stripe_card x where 'tok_' || x.name = token or x.number = typed;
  if c.name is null and token is not null then
    return sandbox.stripe_missing('token', token, 'card[token]', 400);
  elsif c.name is null then
    return sandbox.stripe_no(402, 'card_error', 'incorrect_number', 'Your card number is incorrect.', 'card[number]');
  end if;
  return row(200, sandbox.stripe_method_make(c, jsonb_build_object('metadata', coalesce(input -> 'metadata', '{}'))));
end $$;

-- pm_card_visa and its like stand for a new one each time.
create function sandbox.stripe_method_attach(settings json, id text, input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  customer jsonb := sandbox.stripe_get('customer', input ->> 'customer');
  method jsonb := sandbox.stripe_get('payment_method', stripe_method_attach.id);
  c sandbox.stripe_card;
begin
  if customer is null or customer ? 'deleted' then
    return sandbox.stripe_missing('customer', input ->> 'customer', 'customer', 400);
  end if;
  select x.* into c from sandbox.stripe_card x where 'pm_card_' || x.name = stripe_method_attach.id;
  if c.name is null then
    c := sandbox.stripe_card_of(method);
  end if;
  if c.name is null then
    return sandbox.stripe_missing('PaymentMethod', stripe_method_attach.id, 'payment_method');
  elsif c.early then
    return row(402, jsonb_build_object('error', sandbox.stripe_decline(c.fails)));
  elsif method ->> 'customer' = customer ->> 'id' then
    return row(200, method);
  elsif method ->> 'customer' is not null then
    return sandbox.stripe_invalid('The payment method you provided has already been attached to a customer.', 'payment_method');
  end if;
  method := coalesce(method, sandbox.stripe_method_make(c, '{}'));
  method := sandbox.stripe_patch('payment_method', method ->> 'id', jsonb_build_object('customer', customer ->> 'id'));
  perform sandbox.stripe_tell(settings, 'payment_method.attached', method);
  return row(200, method);
end $$;

create function sandbox.stripe_method_detach(settings json, id text) returns sandbox.stripe_answer language plpgsql as $$
declare
  method jsonb := sandbox.stripe_get('payment_method', stripe_method_detach.id);
  owner text := method ->> 'customer';
begin
  if method is null then
    return sandbox.stripe_missing('PaymentMethod', stripe_method_detach.id, 'payment_method');
  elsif owner is null then
    return sandbox.stripe_invalid('The payment method you provided is not attached to a customer so detachment is impossible.',
                                  'payment_method');
  end if;
  method := sandbox.stripe_patch('payment_method', stripe_method_detach.id, '{"customer": null}');
  update sandbox.thing t set body = jsonb_set(t.body, '{invoice_settings,default_payment_method}', 'null')
   where t.service = 'stripe' and t.kind = 'customer' and t.id = owner
     and t.body #>> '{invoice_settings,default_payment_method}' = stripe_method_detach.id;
  perform sandbox.stripe_tell(settings, 'payment_method.detached', method, jsonb_build_object('customer', owner));
  return row(200, method);
end $$;

-- ---- customers ----

-- What of the input may be changed; the payment method that is charged must be the customer's own.
create function sandbox.stripe_customer_take(settings json, is_now jsonb, input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  is_new boolean := is_now is null;
  method text := input #>> '{invoice_settings,default_payment_method}';
  body jsonb := coalesce(is_now, sandbox.stripe_thing('cus_1', 'customer', '{"address": null, "balance": 0, "currency": null,
    "default_source": null, "delinquent": false, "description": null, "discount": null, "email": null, "name": null, "phone": null,
    "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
    "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null}}'));
begin
  if method is not null and sandbox.stripe_get('payment_method', method) ->> 'customer' is distinct from body ->> 'id' then
    return sandbox.stripe_missing('PaymentMethod', method, 'invoice_settings[default_payment_method]', 400);
  end if;
  body := body || (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(input)
                    where key in ('email', 'name', 'phone', 'description'))
          || jsonb_build_object('metadata', (body -> 'metadata') || coalesce(input -> 'metadata', '{}'));
  if method is not null then
    body := jsonb_set(body, '{invoice_settings,default_payment_method}', to_jsonb(method));
  end if;
  body := sandbox.stripe_put(body);
  perform sandbox.stripe_tell(settings, case when is_new then 'customer.created' else 'customer.updated' end, body);
  return row(200, body);
end $$;

create function sandbox.stripe_customer_change(settings json, id text, input jsonb) returns sandbox.stripe_answer language sql volatile
return (select case when c is null or c ? 'deleted' then sandbox.stripe_missing('customer', stripe_customer_change.id)
                    else sandbox.stripe_customer_take(settings, c, input) end
          from (select sandbox.stripe_get('customer', stripe_customer_change.id) as c) x);

create function sandbox.stripe_customer_delete(settings json, id text) returns sandbox.stripe_answer language plpgsql as $$
declare
  customer jsonb := sandbox.stripe_get('customer', stripe_customer_delete.id);
begin
  if customer is null or customer ? 'deleted' then
    return sandbox.stripe_missing('customer', stripe_customer_delete.id);
  end if;
  perform sandbox.stripe_subscription_end(settings, t.body)
     from sandbox.thing t
    where t.service = 'stripe' and t.kind = 'subscription' and t.body ->> 'customer' = stripe_customer_delete.id
      and t.body ->> 'status' not in ('canceled', 'incomplete_expired');
  perform sandbox.stripe_tell(settings, 'customer.deleted', customer);
  return row(200, sandbox.stripe_put(jsonb_build_object('id', stripe_customer_delete.id, 'object', 'customer', 'deleted', true)));
end $$;
