-- sql/sandbox/stripe_payments_schema.sql: of Stripe what moves money: prices, payment intents, subscriptions, invoices, checkout.

-- ---- prices ----

-- Nutrition's is there from the beginning.
create function sandbox.stripe_price(id text) returns jsonb language sql stable
return coalesce(sandbox.stripe_get('price', id), case id when 'price_1234567890' then '{"id": "price_1234567890", "object": "price",
  "active": true, "currency": "usd", "unit_amount": 999, "product": "prod_premium", "type": "recurring", "livemode": false,
  "recurring": {"interval": "month", "interval_count": 1}, "metadata": {}, "created": 1700000000}'::jsonb end);

create function sandbox.stripe_price_make(input jsonb) returns jsonb language plpgsql as $$
declare
  product text := input ->> 'product';
begin
  if product is null then
    product := sandbox.stripe_put(sandbox.stripe_thing('prod_1', 'product', jsonb_build_object(
                 'name', input #>> '{product_data,name}', 'active', true))) ->> 'id';
  end if;
  return sandbox.stripe_put(sandbox.stripe_thing('price_1', 'price', jsonb_build_object(
    'active', true, 'currency', lower(input ->> 'currency'), 'unit_amount', (input ->> 'unit_amount')::bigint, 'product', product,
    'type', case when input ? 'recurring' then 'recurring' else 'one_time' end,
    'recurring', case when input ? 'recurring' then
                 jsonb_build_object('interval', input #>> '{recurring,interval}', 'interval_count', 1) end)));
end $$;

create function sandbox.stripe_price_create(input jsonb) returns sandbox.stripe_answer language sql volatile
return case when input ->> 'unit_amount' ~ '^\d{1,12}$' and input ->> 'currency' ~ '^[a-zA-Z]{3}$'
             and (input ? 'product' or input ? 'product_data')
            then row(200, sandbox.stripe_price_make(input))::sandbox.stripe_answer
            else sandbox.stripe_invalid('Missing required param: unit_amount, currency or product.', 'unit_amount', 'parameter_missing') end;

-- ---- payment intents ----

-- The invoice of a payment that was made is paid, and its subscription runs.
create function sandbox.stripe_invoice_paid(settings json, id text) returns void language plpgsql as $$
declare
  invoice jsonb := sandbox.stripe_get('invoice', stripe_invoice_paid.id);
  old jsonb := sandbox.stripe_get('subscription', invoice ->> 'subscription');
  now_is jsonb;
begin
  invoice := sandbox.stripe_patch('invoice', invoice ->> 'id', jsonb_build_object('status', 'paid', 'paid', true, 'attempted', true,
               'amount_paid', invoice -> 'amount_due', 'amount_remaining', 0));
  if old ->> 'status' in ('incomplete', 'past_due', 'unpaid') then
    now_is := sandbox.stripe_patch('subscription', old ->> 'id', '{"status": "active"}');
    perform sandbox.stripe_tell(settings, 'customer.subscription.updated', now_is, jsonb_build_object('status', old -> 'status'));
  end if;
  perform sandbox.stripe_tell(settings, 'invoice.paid', invoice);
  perform sandbox.stripe_tell(settings, 'invoice.payment_succeeded', invoice);
end $$;

create function sandbox.stripe_payment_done(settings json, intent jsonb) returns jsonb language plpgsql as $$
declare
  charge jsonb := sandbox.stripe_put(sandbox.stripe_thing('ch_1', 'charge', jsonb_build_object(
    'amount', intent -> 'amount', 'currency', intent -> 'currency', 'customer', intent -> 'customer', 'paid', true, 'status', 'succeeded',
    'payment_intent', intent -> 'id', 'payment_method', intent -> 'payment_method', 'metadata', intent -> 'metadata')));
  made jsonb := sandbox.stripe_put(intent || jsonb_build_object('status', 'succeeded', 'amount_received', intent -> 'amount',
    'latest_charge', charge -> 'id', 'next_action', null, 'last_payment_error', null));
begin
  perform sandbox.stripe_tell(settings, 'charge.succeeded', charge);
  perform sandbox.stripe_tell(settings, 'payment_intent.succeeded', made);
  if made ->> 'invoice' is not null then
    perform sandbox.stripe_invoice_paid(settings, made ->> 'invoice');
  end if;
  return made;
end $$;

-- The card says no: 402, and the intent waits for another.
create function sandbox.stripe_payment_refused(settings json, intent jsonb, method jsonb, reason text) returns sandbox.stripe_answer
language plpgsql as $$
declare
  error jsonb := sandbox.stripe_decline(reason) || jsonb_build_object('payment_method', method);
  left_over jsonb := sandbox.stripe_put(intent || jsonb_build_object('status', 'requires_payment_method', 'payment_method', null,
                       'next_action', null, 'last_payment_error', error));
begin
  perform sandbox.stripe_tell(settings, 'payment_intent.payment_failed', left_over);
  if intent ->> 'invoice' is not null then
    perform sandbox.stripe_tell(settings, 'invoice.payment_failed',
                                sandbox.stripe_patch('invoice', intent ->> 'invoice', '{"attempted": true}'));
  end if;
  return row(402, jsonb_build_object('error', error || jsonb_build_object('payment_intent', left_over)));
end $$;

create function sandbox.stripe_pay(settings json, intent jsonb, method_id text, off_session boolean) returns sandbox.stripe_answer
language plpgsql as $$
declare
  method jsonb := sandbox.stripe_get('payment_method', method_id);
  c sandbox.stripe_card := sandbox.stripe_card_of(method);
begin
  if c.name is null and method_id like 'pm\_card\_%' then
    select x.* into c from sandbox.stripe_card x where 'pm_card_' || x.name = method_id;
    method := case when c.name is not null then sandbox.stripe_method_make(c, '{}') end;
  end if;
  if method is null then
    return sandbox.stripe_missing('PaymentMethod', method_id, 'payment_method', 400);
  elsif coalesce(method ->> 'customer', intent ->> 'customer') is distinct from intent ->> 'customer' then
    return sandbox.stripe_invalid('The provided PaymentMethod does not belong to the provided Customer.', 'payment_method');
  end if;
  intent := intent || jsonb_build_object('payment_method', method -> 'id');
  if c.fails = 'authentication_required' and not off_session then
    intent := sandbox.stripe_put(intent || jsonb_build_object('status', 'requires_action', 'next_action', jsonb_build_object(
                'type', 'use_stripe_sdk', 'use_stripe_sdk', jsonb_build_object('type', 'three_d_secure_redirect'))));
    perform sandbox.stripe_tell(settings, 'payment_intent.requires_action', intent);
    return row(200, intent);
  elsif c.fails is not null then
    return sandbox.stripe_payment_refused(settings, intent, method, c.fails);
  end if;
  return row(200, sandbox.stripe_payment_done(settings, intent));
end $$;

create function sandbox.stripe_payment_make(settings json, customer text, amount bigint, currency text, method text, more jsonb)
returns jsonb language plpgsql as $$
declare
  body jsonb := sandbox.stripe_thing('pi_1', 'payment_intent', jsonb_build_object(
    'amount', amount, 'amount_received', 0, 'currency', currency, 'customer', customer, 'payment_method', method, 'description', null,
    'status', case when method is null then 'requires_payment_method' else 'requires_confirmation' end, 'capture_method', 'automatic',
    'confirmation_method', 'automatic', 'latest_charge', null, 'last_payment_error', null, 'next_action', null, 'invoice', null,
    'payment_method_types', '["card"]'::jsonb, 'setup_future_usage', null) || more);
begin
  body := sandbox.stripe_put(body || jsonb_build_object('client_secret', (body ->> 'id') || '_secret_' || left(md5(body ->> 'id'), 24)));
  perform sandbox.stripe_tell(settings, 'payment_intent.created', body);
  return body;
end $$;

create function sandbox.stripe_payment_create(settings json, input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  customer jsonb := sandbox.stripe_get('customer', input ->> 'customer');
  intent jsonb;
begin
  if coalesce(input ->> 'amount', '') !~ '^\d{1,12}$' then
    return sandbox.stripe_invalid('Invalid integer: ' || coalesce(input ->> 'amount', ''), 'amount', 'parameter_invalid_integer');
  elsif coalesce(input ->> 'currency', '') !~ '^[a-zA-Z]{3}$' then
    return sandbox.stripe_invalid('Missing required param: currency.', 'currency', 'parameter_missing');
  elsif (input ->> 'amount')::bigint < 50 then
    return sandbox.stripe_invalid('Amount must be at least $0.50 usd', 'amount', 'amount_too_small');
  elsif input ->> 'customer' is not null and (customer is null or customer ? 'deleted') then
    return sandbox.stripe_missing('customer', input ->> 'customer', 'customer', 400);
  end if;
  intent := sandbox.stripe_payment_make(settings, input ->> 'customer', (input ->> 'amount')::bigint, lower(input ->> 'currency'),
              input ->> 'payment_method', jsonb_build_object('metadata', coalesce(input -> 'metadata', '{}'),
                                                             'description', input -> 'description'));
  if coalesce(input ->> 'confirm', 'false') <> 'true' then
    return row(200, intent);
  end if;
  return sandbox.stripe_pay(settings, intent, input ->> 'payment_method', coalesce(input ->> 'off_session', 'false') = 'true');
end $$;

create function sandbox.stripe_payment_confirm(settings json, id text, input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  intent jsonb := sandbox.stripe_get('payment_intent', stripe_payment_confirm.id);
  method text := coalesce(input ->> 'payment_method', intent ->> 'payment_method');
begin
  if intent is null then
    return sandbox.stripe_missing('payment_intent', stripe_payment_confirm.id, 'intent');
  elsif intent ->> 'status' not in ('requires_payment_method', 'requires_confirmation', 'requires_action') then
    return sandbox.stripe_no(400, 'invalid_request_error', 'payment_intent_unexpected_state', format(
      'You cannot confirm this PaymentIntent because it has a status of %s.', intent ->> 'status'), null,
      jsonb_build_object('payment_intent', intent));
  elsif method is null then
    return sandbox.stripe_invalid('You cannot confirm this PaymentIntent because it''s missing a payment method.', 'payment_method',
                                  'payment_intent_unexpected_state');
  end if;
  return sandbox.stripe_pay(settings, intent, method, coalesce(input ->> 'off_session', 'false') = 'true');
end $$;

-- The card's owner has said yes, as no API can: the sandbox's own call.
create function sandbox.stripe_authenticate(settings json, id text) returns sandbox.stripe_answer language sql volatile
return (select case when p is null then sandbox.stripe_missing('payment_intent', stripe_authenticate.id, 'intent')
                    when p ->> 'status' <> 'requires_action' then sandbox.stripe_invalid('There is nothing to be authenticated.', 'intent')
                    else row(200, sandbox.stripe_payment_done(settings, p))::sandbox.stripe_answer end
          from (select sandbox.stripe_get('payment_intent', stripe_authenticate.id) as p) x);

create function sandbox.stripe_payment_cancel(settings json, id text) returns sandbox.stripe_answer language plpgsql as $$
declare
  intent jsonb := sandbox.stripe_get('payment_intent', stripe_payment_cancel.id);
begin
  if intent is null then
    return sandbox.stripe_missing('payment_intent', stripe_payment_cancel.id, 'intent');
  elsif intent ->> 'status' in ('succeeded', 'canceled') then
    return sandbox.stripe_invalid('You cannot cancel this PaymentIntent because it has a status of ' || (intent ->> 'status') || '.',
                                  null, 'payment_intent_unexpected_state');
  end if;
  intent := sandbox.stripe_patch('payment_intent', intent ->> 'id', '{"status": "canceled", "next_action": null}');
  perform sandbox.stripe_tell(settings, 'payment_intent.canceled', intent);
  return row(200, intent);
end $$;

-- An invoice is not to be paid any more, and neither is its payment.
create function sandbox.stripe_invoice_void(settings json, id text) returns sandbox.stripe_answer language plpgsql as $$
declare
  invoice jsonb := sandbox.stripe_get('invoice', stripe_invoice_void.id);
begin
  if invoice is null then
    return sandbox.stripe_missing('invoice', stripe_invoice_void.id);
  elsif invoice ->> 'status' <> 'open' then
    return sandbox.stripe_invalid('You can only pass in open or uncollectible invoices. This invoice is ' || (invoice ->> 'status') || '.',
                                  null, 'invoice_not_editable');
  end if;
  invoice := sandbox.stripe_patch('invoice', invoice ->> 'id', '{"status": "void"}');
  perform sandbox.stripe_payment_cancel(settings, invoice ->> 'payment_intent');
  perform sandbox.stripe_tell(settings, 'invoice.voided', invoice);
  return row(200, invoice);
end $$;

-- ---- subscriptions ----

create function sandbox.stripe_item(price jsonb) returns jsonb language sql volatile
return jsonb_build_object('object', 'list', 'has_more', false, 'total_count', 1, 'data', jsonb_build_array(
         jsonb_build_object('id', sandbox.id('si_1'), 'object', 'subscription_item', 'price', price, 'quantity', 1)));

-- An invoice of a period and the intent to pay it.
create function sandbox.stripe_bill(settings json, subscription jsonb, method text, reason text) returns jsonb language plpgsql as $$
declare
  price jsonb := subscription #> '{items,data,0,price}';
  customer jsonb := sandbox.stripe_get('customer', subscription ->> 'customer');
  id text := sandbox.id('in_1');
  page text := 'https://invoice.stripe.com/i/sandbox/' || id;
  intent jsonb := sandbox.stripe_payment_make(settings, subscription ->> 'customer', (price ->> 'unit_amount')::bigint,
                    price ->> 'currency', method, jsonb_build_object('invoice', id, 'description', 'Subscription creation'));
  invoice jsonb := sandbox.stripe_put(jsonb_build_object('id', id, 'object', 'invoice', 'created', sandbox.epoch(), 'livemode', false,
    'metadata', '{}'::jsonb, 'customer', subscription -> 'customer', 'subscription', subscription -> 'id', 'status', 'open',
    'payment_intent', intent -> 'id', 'currency', price -> 'currency', 'amount_due', price -> 'unit_amount', 'amount_paid', 0,
    'amount_remaining', price -> 'unit_amount', 'total', price -> 'unit_amount', 'subtotal', price -> 'unit_amount', 'paid', false,
    'attempted', false, 'billing_reason', reason, 'customer_email', customer -> 'email', 'number', 'SANDBOX-' || right(id, 4),
    'hosted_invoice_url', page, 'invoice_pdf', page || '/pdf', 'period_start', subscription -> 'current_period_start',
    'period_end', subscription -> 'current_period_end',
    'subscription_details', jsonb_build_object('metadata', subscription -> 'metadata'),
    'lines', jsonb_build_object('object', 'list', 'has_more', false, 'data', jsonb_build_array(jsonb_build_object(
       'id', sandbox.id('il_1'), 'object', 'line_item', 'amount', price -> 'unit_amount', 'price', price, 'quantity', 1)))));
begin
  perform sandbox.stripe_tell(settings, 'invoice.created', invoice);
  return invoice;
end $$;

create function sandbox.stripe_subscription_make(settings json, customer jsonb, price jsonb, method text, metadata jsonb)
returns jsonb language plpgsql as $$
declare
  begins bigint := sandbox.epoch();
  length interval := ('1 ' || (price #>> '{recurring,interval}'))::interval;
  body jsonb := sandbox.stripe_thing('sub_1', 'subscription', jsonb_build_object(
    'customer', customer -> 'id', 'status', 'incomplete', 'items', sandbox.stripe_item(price), 'currency', price -> 'currency',
    'current_period_start', begins, 'current_period_end', sandbox.epoch(now() + length), 'cancel_at_period_end', false,
    'cancel_at', null, 'canceled_at', null, 'ended_at', null, 'start_date', begins, 'default_payment_method', method,
    'collection_method', 'charge_automatically', 'cancellation_details', '{"comment": null, "feedback": null, "reason": null}'::jsonb,
    'metadata', coalesce(metadata, '{}')));
  paying text := coalesce(method, customer #>> '{invoice_settings,default_payment_method}');
begin
  body := sandbox.stripe_put(body || jsonb_build_object('latest_invoice',
            sandbox.stripe_bill(settings, body, paying, 'subscription_create') -> 'id'));
  perform sandbox.stripe_tell(settings, 'customer.subscription.created', body);
  return body;
end $$;

create function sandbox.stripe_subscription_create(settings json, input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  customer jsonb := sandbox.stripe_get('customer', input ->> 'customer');
  price jsonb := sandbox.stripe_price(input #>> '{items,0,price}');
  method text := input ->> 'default_payment_method';
  paying text := coalesce(method, customer #>> '{invoice_settings,default_payment_method}');
  behavior text := coalesce(input ->> 'payment_behavior', 'allow_incomplete');
  made jsonb;
  paid sandbox.stripe_answer;
begin
  if customer is null or customer ? 'deleted' then
    return sandbox.stripe_missing('customer', input ->> 'customer', 'customer', 400);
  elsif price is null and input #> '{items,0,price_data}' is null then
    return sandbox.stripe_missing('price', input #>> '{items,0,price}', 'items[0][price]', 400);
  elsif method is not null and sandbox.stripe_get('payment_method', method) ->> 'customer' is distinct from customer ->> 'id' then
    return sandbox.stripe_invalid('The customer does not have a payment method with the ID ' || method || '.', 'default_payment_method',
                                  'resource_missing');
  elsif paying is null and behavior <> 'default_incomplete' then
    return sandbox.stripe_invalid('This customer has no attached payment source or default payment method.', null, 'resource_missing');
  end if;
  price := coalesce(price, sandbox.stripe_price_make(input #> '{items,0,price_data}'));
  made := sandbox.stripe_subscription_make(settings, customer, price, method, input -> 'metadata');
  if behavior <> 'default_incomplete' then
    paid := sandbox.stripe_pay(settings, sandbox.stripe_get('payment_intent', sandbox.stripe_get('invoice', made ->> 'latest_invoice')
              ->> 'payment_intent'), paying, false);
    if paid.status >= 400 and behavior = 'error_if_incomplete' then
      perform sandbox.stripe_subscription_end(settings, made);
      return paid;
    end if;
  end if;
  return row(200, sandbox.stripe_get('subscription', made ->> 'id'));
end $$;

create function sandbox.stripe_subscription_change(settings json, id text, input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  old jsonb := sandbox.stripe_get('subscription', stripe_subscription_change.id);
  price jsonb := sandbox.stripe_price(input #>> '{items,0,price}');
  made jsonb := old;
begin
  if old is null or old ->> 'status' in ('canceled', 'incomplete_expired') then
    return sandbox.stripe_missing('subscription', stripe_subscription_change.id);
  elsif input #>> '{items,0,price}' is not null and price is null then
    return sandbox.stripe_missing('price', input #>> '{items,0,price}', 'items[0][price]', 400);
  elsif input #>> '{items,0,id}' <> old #>> '{items,data,0,id}' then
    return sandbox.stripe_invalid('No such subscription item: ''' || (input #>> '{items,0,id}') || '''', 'items[0][id]', 'resource_missing');
  end if;
  if price is not null then
    made := jsonb_set(made, '{items,data,0,price}', price);
  end if;
  if input ? 'cancel_at_period_end' then
    made := made || jsonb_build_object('cancel_at_period_end', input ->> 'cancel_at_period_end' = 'true',
      'cancel_at', case when input ->> 'cancel_at_period_end' = 'true' then made -> 'current_period_end' end,
      'canceled_at', case when input ->> 'cancel_at_period_end' = 'true' then sandbox.epoch() end);
  end if;
  made := sandbox.stripe_put(made || jsonb_build_object('metadata', (made -> 'metadata') || coalesce(input -> 'metadata', '{}'),
    'default_payment_method', coalesce(input -> 'default_payment_method', made -> 'default_payment_method'),
    'cancellation_details', (made -> 'cancellation_details') || coalesce(input -> 'cancellation_details', '{}')));
  perform sandbox.stripe_tell(settings, 'customer.subscription.updated', made,
            (select coalesce(jsonb_object_agg(o.key, o.value), '{}') from jsonb_each(old) o where made -> o.key is distinct from o.value));
  return row(200, made);
end $$;

-- A subscription's end, at once. Its invoice stays open, as at Stripe: who still pays it has paid for nothing.
create function sandbox.stripe_subscription_end(settings json, old jsonb, details jsonb default '{}') returns jsonb language plpgsql as $$
declare
  made jsonb := sandbox.stripe_put(old || jsonb_build_object('status', 'canceled', 'ended_at', sandbox.epoch(),
    'canceled_at', sandbox.epoch(), 'cancellation_details', (old -> 'cancellation_details') || details));
begin
  perform sandbox.stripe_tell(settings, 'customer.subscription.deleted', made);
  return made;
end $$;

create function sandbox.stripe_subscription_cancel(settings json, id text, input jsonb) returns sandbox.stripe_answer language sql volatile
return (select case when s is null or s ->> 'status' in ('canceled', 'incomplete_expired')
                    then sandbox.stripe_missing('subscription', stripe_subscription_cancel.id)
                    else row(200, sandbox.stripe_subscription_end(settings, s, coalesce(input -> 'cancellation_details', '{}')))::sandbox.stripe_answer end
          from (select sandbox.stripe_get('subscription', stripe_subscription_cancel.id) as s) x);

-- The next period begins, as no API can have it: the sandbox's own call. A card that says no leaves it past due.
create function sandbox.stripe_renew(settings json, id text) returns sandbox.stripe_answer language plpgsql as $$
declare
  old jsonb := sandbox.stripe_get('subscription', stripe_renew.id);
  ends bigint := (old ->> 'current_period_end')::bigint;
  length interval := ('1 ' || (old #>> '{items,data,0,price,recurring,interval}'))::interval;
  method text := coalesce(old ->> 'default_payment_method', sandbox.stripe_get('customer', old ->> 'customer')
                          #>> '{invoice_settings,default_payment_method}');
  made jsonb;
  invoice jsonb;
begin
  if old is null or old ->> 'status' not in ('active', 'past_due') then
    return sandbox.stripe_missing('subscription', stripe_renew.id);
  elsif (old ->> 'cancel_at_period_end')::boolean then
    return row(200, sandbox.stripe_subscription_end(settings, old));
  end if;
  made := old || jsonb_build_object('status', 'past_due', 'current_period_start', ends,
                                    'current_period_end', sandbox.epoch(to_timestamp(ends) + length));
  invoice := sandbox.stripe_bill(settings, made, method, 'subscription_cycle');
  made := sandbox.stripe_put(made || jsonb_build_object('latest_invoice', invoice -> 'id'));
  perform sandbox.stripe_tell(settings, 'customer.subscription.updated', made, jsonb_build_object('status', old -> 'status'));
  perform sandbox.stripe_pay(settings, sandbox.stripe_get('payment_intent', invoice ->> 'payment_intent'), method, true);
  return row(200, sandbox.stripe_get('subscription', stripe_renew.id));
end $$;

-- ---- pages ----

create function sandbox.stripe_checkout_create(input jsonb, base_url text) returns sandbox.stripe_answer language plpgsql as $$
declare
  item jsonb := input #> '{line_items,0}';
  price jsonb := coalesce(sandbox.stripe_price(item ->> 'price'),
                          case when item ? 'price_data' then sandbox.stripe_price_make(item -> 'price_data') end);
  id text := sandbox.id('cs_test_1');
begin
  if input ->> 'mode' is distinct from 'subscription' then
    return sandbox.stripe_invalid('The sandbox knows checkout in mode subscription only.', 'mode');
  elsif coalesce(input ->> 'success_url', '') !~ '^https?://' then
    return sandbox.stripe_invalid('Not a valid URL', 'success_url', 'url_invalid');
  elsif price is null then
    return sandbox.stripe_missing('price', item ->> 'price', 'line_items[0][price]', 400);
  elsif sandbox.stripe_get('customer', input ->> 'customer') is null then
    return sandbox.stripe_missing('customer', input ->> 'customer', 'customer', 400);
  end if;
  perform sandbox.stripe_put(jsonb_build_object('id', id || '_order', 'object', 'sandbox.order', 'price', price,
                                                'metadata', coalesce(input #> '{subscription_data,metadata}', '{}')));
  return row(200, sandbox.stripe_put(jsonb_build_object('id', id, 'object', 'checkout.session', 'created', sandbox.epoch(),
    'expires_at', sandbox.epoch() + 86400, 'livemode', false, 'mode', 'subscription', 'status', 'open', 'payment_status', 'unpaid',
    'customer', input -> 'customer', 'subscription', null, 'invoice', null, 'amount_subtotal', price -> 'unit_amount',
    'amount_total', price -> 'unit_amount', 'currency', price -> 'currency', 'client_reference_id', input -> 'client_reference_id',
    'metadata', coalesce(input -> 'metadata', '{}'), 'success_url', input -> 'success_url', 'cancel_url', input -> 'cancel_url',
    'url', base_url || '/stripe/sandbox/checkout/' || id)));
end $$;

-- Nobody can pay on that page any more.
create function sandbox.stripe_checkout_expire(settings json, id text) returns sandbox.stripe_answer language plpgsql as $$
declare
  session jsonb := sandbox.stripe_get('checkout.session', stripe_checkout_expire.id);
begin
  if session is null then
    return sandbox.stripe_missing('checkout.session', stripe_checkout_expire.id);
  elsif session ->> 'status' <> 'open' then
    return sandbox.stripe_invalid(format('Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has '
                                         'a status of `%s`.', session ->> 'status'));
  end if;
  session := sandbox.stripe_put(session || '{"status": "expired", "url": null}');
  perform sandbox.stripe_tell(settings, 'checkout.session.expired', session);
  return row(200, session);
end $$;

-- Somebody pays on that page, as no API can: the sandbox's own call.
create function sandbox.stripe_checkout_pay(settings json, id text, input jsonb) returns sandbox.stripe_answer language plpgsql as $$
declare
  session jsonb := sandbox.stripe_get('checkout.session', stripe_checkout_pay.id);
  ordered jsonb := sandbox.stripe_get('sandbox.order', stripe_checkout_pay.id || '_order');
  attached sandbox.stripe_answer;
  made sandbox.stripe_answer;
begin
  if session is null or session ->> 'status' <> 'open' then
    return sandbox.stripe_missing('checkout.session', stripe_checkout_pay.id);
  end if;
  attached := sandbox.stripe_method_attach(settings, coalesce(input ->> 'payment_method', 'pm_card_visa'),
                                           jsonb_build_object('customer', session -> 'customer'));
  if attached.status >= 400 then
    return attached;
  end if;
  made := sandbox.stripe_subscription_create(settings, jsonb_build_object('customer', session -> 'customer', 'payment_behavior',
    'error_if_incomplete', 'default_payment_method', attached.body -> 'id', 'metadata', ordered -> 'metadata',
    'items', jsonb_build_array(jsonb_build_object('price', ordered #> '{price,id}'))));
  if made.status >= 400 then
    return made;
  end if;
  session := sandbox.stripe_put(session || jsonb_build_object('status', 'complete', 'payment_status', 'paid',
    'subscription', made.body -> 'id', 'invoice', made.body -> 'latest_invoice', 'url', null));
  perform sandbox.stripe_tell(settings, 'checkout.session.completed', session);
  return row(200, session);
end $$;

create function sandbox.stripe_portal_create(input jsonb, base_url text) returns sandbox.stripe_answer language sql volatile
return case when sandbox.stripe_get('customer', input ->> 'customer') is null
            then sandbox.stripe_missing('customer', input ->> 'customer', 'customer', 400)
            else (select row(200, sandbox.stripe_put(s || jsonb_build_object('url', base_url || '/stripe/sandbox/portal/' || (s ->> 'id'))))::sandbox.stripe_answer
                    from sandbox.stripe_thing('bps_1', 'billing_portal.session', jsonb_build_object('customer', input -> 'customer',
                           'return_url', input -> 'return_url', 'configuration', 'bpc_sandbox', 'locale', null, 'flow', null)) s) end;
