// SPDX-License-Identifier: GPL-3.0-or-later
// Stripe's own library against the sandbox, in the version of the API that the workers have pinned. It has no option for the
// path of its base: its HTTP client puts that in front.
import assert from "node:assert/strict";
import { test } from "node:test";
import Stripe from "stripe";

const base = new URL(process.env.SANDBOX);
const inner = Stripe.createNodeHttpClient();
const httpClient = {
  getClientName: () => inner.getClientName(),
  makeRequest: (host, port, path, ...more) => inner.makeRequest(host, port, `/stripe${path}`, ...more),
};
const options = { host: base.hostname, port: base.port, protocol: "http", httpClient, apiVersion: "2023-10-16", telemetry: false, maxNetworkRetries: 0 };
const client = new Stripe("sk_test_any", options);
const control = (method, path, body) =>
  fetch(`${process.env.SANDBOX}/-/control${path}`, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
const ours = async (path, body = {}) => {
  const answer = await fetch(`${process.env.SANDBOX}/stripe/sandbox${path}`, {
    method: "POST", body: new URLSearchParams(body), headers: { Authorization: "Bearer sk_test_any" } });
  assert.equal(answer.status, 200);
  return answer.json();
};

const customer = (more = {}) => client.customers.create({ email: "jenny@example.org", metadata: { product: "none" }, ...more });
const payer = async (card = "pm_card_visa") => {
  const who = await customer();
  const method = await client.paymentMethods.attach(card, { customer: who.id });
  return { who, method };
};
const pay = ({ who, method }, more = {}) => client.paymentIntents.create({
  amount: 1999, currency: "usd", customer: who.id, payment_method: method.id, confirm: true, off_session: true, ...more });

test("a customer who is made is found", async () => {
  const who = await customer({ name: "Jenny", description: "a customer" });
  assert.match(who.id, /^cus_/);
  assert.deepEqual(await client.customers.retrieve(who.id), who);
  const changed = await client.customers.update(who.id, { metadata: { colour: "green" }, phone: "+15550001234" });
  assert.deepEqual(changed.metadata, { product: "none", colour: "green" });
  const found = await client.customers.search({ query: "metadata['colour']:'green'" });
  assert.equal(found.object, "search_result");
  assert.deepEqual(found.data.map((one) => one.id), [who.id]);
  assert.equal((await client.customers.del(who.id)).deleted, true);
  assert.equal((await client.customers.retrieve(who.id)).deleted, true);
  await assert.rejects(client.customers.update(who.id, { name: "x" }), (error) => error.code === "resource_missing" && error.statusCode === 404);
});

test("lists have pages", async () => {
  const made = [];
  for (let n = 0; n < 5; n++) made.push((await customer({ email: "pages@example.org" })).id);
  const first = await client.customers.list({ email: "pages@example.org", limit: 2 });
  assert.equal(first.has_more, true);
  const all = [];
  for await (const one of client.customers.list({ email: "pages@example.org", limit: 2 })) all.push(one.id);
  assert.deepEqual(all, made.reverse());
});

test("payment methods are attached and detached", async () => {
  const { who, method } = await payer();
  assert.notEqual(method.id, "pm_card_visa");
  assert.equal(method.card.last4, "4242");
  assert.equal((await client.paymentMethods.attach(method.id, { customer: who.id })).customer, who.id);
  await client.customers.update(who.id, { invoice_settings: { default_payment_method: method.id } });
  const seen = await client.customers.retrieve(who.id, { expand: ["invoice_settings.default_payment_method"] });
  assert.equal(seen.invoice_settings.default_payment_method.card.brand, "visa");
  assert.equal((await client.customers.listPaymentMethods(who.id)).data.length, 1);
  const other = await customer();
  await assert.rejects(client.paymentMethods.attach(method.id, { customer: other.id }), (error) => error.type === "StripeInvalidRequestError");
  assert.equal((await client.paymentMethods.detach(method.id)).customer, null);
  assert.equal((await client.customers.retrieve(who.id)).invoice_settings.default_payment_method, null);
  await assert.rejects(client.paymentMethods.detach(method.id), Stripe.errors.StripeInvalidRequestError);
  const token = await client.paymentMethods.create({ type: "card", card: { token: "tok_amex" } });
  assert.equal(token.card.brand, "amex");
  await assert.rejects(client.paymentMethods.create({ type: "card", card: { token: "tok_none" } }), (error) => error.param === "card[token]");
});

test("a payment is taken", async () => {
  const one = await payer();
  const made = await pay(one, { metadata: { job_id: "job-1" }, description: "January" });
  assert.equal(made.status, "succeeded");
  assert.equal(made.amount_received, 1999);
  const seen = await client.paymentIntents.retrieve(made.id, { expand: ["latest_charge", "customer"] });
  assert.equal(seen.latest_charge.paid, true);
  assert.equal(seen.customer.id, one.who.id);
  const found = await client.paymentIntents.search({ query: "metadata['job_id']:'job-1' AND status:'succeeded'" });
  assert.deepEqual(found.data.map((intent) => intent.id), [made.id]);
  assert.deepEqual((await client.paymentIntents.list({ customer: one.who.id })).data.map((intent) => intent.id), [made.id]);
  await assert.rejects(client.paymentIntents.confirm(made.id), (error) => error.code === "payment_intent_unexpected_state");
  await assert.rejects(pay(one, { amount: 10 }), (error) => error.code === "amount_too_small");
});

test("cards say no as Stripe's test cards do", async () => {
  const who = await customer();
  await assert.rejects(client.paymentMethods.attach("pm_card_chargeDeclined", { customer: who.id }),
    (error) => error instanceof Stripe.errors.StripeCardError && error.code === "card_declined" && error.decline_code === "generic_decline");
  const fails = await payer("pm_card_chargeCustomerFail");
  await assert.rejects(pay(fails), (error) => error.statusCode === 402 && error.payment_intent.status === "requires_payment_method");
  const asks = await payer("pm_card_authenticationRequired");
  await assert.rejects(pay(asks), (error) => error.code === "authentication_required");
  const present = await pay(asks, { off_session: false });
  assert.equal(present.status, "requires_action");
  assert.equal((await ours(`/payment_intents/${present.id}/authenticate`)).status, "succeeded");
  const left = await client.paymentIntents.create({ amount: 500, currency: "eur" });
  assert.equal(left.status, "requires_payment_method");
  assert.equal((await client.paymentIntents.cancel(left.id)).status, "canceled");
});

test("a key makes a call once", async () => {
  const one = await payer();
  const key = { idempotencyKey: `key-${one.who.id}` };
  const made = await client.paymentIntents.create({ amount: 700, currency: "usd", customer: one.who.id }, key);
  const again = await client.paymentIntents.create({ amount: 700, currency: "usd", customer: one.who.id }, key);
  assert.equal(again.id, made.id);
  assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
  await assert.rejects(client.paymentIntents.create({ amount: 800, currency: "usd", customer: one.who.id }, key),
    (error) => error instanceof Stripe.errors.StripeIdempotencyError);
});

test("the library tries again what was cut, and nothing is made twice", async () => {
  const who = await customer();
  await control("POST", "/faults", { service: "stripe", kind: "cut", after: true, method: "POST", path: "/v1/payment_intents", times: 1 });
  const patient = new Stripe("sk_test_any", { ...options, maxNetworkRetries: 2 });
  await patient.paymentIntents.create({ amount: 900, currency: "usd", customer: who.id });
  assert.equal((await client.paymentIntents.list({ customer: who.id })).data.length, 1);
});

test("a subscription is begun, paid, changed and ended", async () => {
  const { who, method } = await payer();
  const begun = await client.subscriptions.create({
    customer: who.id, items: [{ price: "price_1234567890" }], payment_behavior: "default_incomplete", default_payment_method: method.id,
    expand: ["latest_invoice.payment_intent"], metadata: { plan: "2" } });
  assert.equal(begun.status, "incomplete");
  assert.equal(begun.latest_invoice.status, "open");
  const intent = begun.latest_invoice.payment_intent;
  assert.equal(intent.status, "requires_confirmation");
  assert.match(intent.client_secret, /^pi_\d+_secret_/);
  await client.paymentIntents.confirm(intent.id, { payment_method: method.id });
  const runs = await client.subscriptions.retrieve(begun.id);
  assert.equal(runs.status, "active");
  assert.ok(runs.current_period_end > runs.current_period_start);
  const bill = await client.invoices.retrieve(runs.latest_invoice);
  assert.deepEqual([bill.status, bill.amount_paid, bill.currency], ["paid", 999, "usd"]);
  const price = await client.prices.create({ unit_amount: 1999, currency: "usd", recurring: { interval: "year" }, product_data: { name: "Family" } });
  const changed = await client.subscriptions.update(begun.id, { items: [{ id: runs.items.data[0].id, price: price.id }], proration_behavior: "create_prorations" });
  assert.equal(changed.items.data[0].price.unit_amount, 1999);
  assert.equal((await client.subscriptions.update(begun.id, { cancel_at_period_end: true })).cancel_at, changed.current_period_end);
  assert.equal((await client.subscriptions.update(begun.id, { cancel_at_period_end: false })).cancel_at, null);
  const renewed = await ours(`/subscriptions/${begun.id}/renew`);
  assert.equal(renewed.current_period_start, changed.current_period_end);
  assert.equal((await client.invoices.list({ customer: who.id })).data.length, 2);
  assert.equal((await client.subscriptions.cancel(begun.id, { cancellation_details: { comment: "enough" } })).status, "canceled");
  assert.deepEqual((await client.subscriptions.list({ customer: who.id })).data, []);
  assert.equal((await client.subscriptions.list({ customer: who.id, status: "all" })).data[0].cancellation_details.comment, "enough");
  await assert.rejects(client.subscriptions.cancel(begun.id), (error) => error.code === "resource_missing");
});

test("an invoice that is not to be paid any more", async () => {
  const { who, method } = await payer();
  const begun = await client.subscriptions.create({
    customer: who.id, items: [{ price: "price_1234567890" }], payment_behavior: "default_incomplete", default_payment_method: method.id,
    expand: ["latest_invoice"] });
  await client.subscriptions.cancel(begun.id);
  assert.equal((await client.invoices.retrieve(begun.latest_invoice.id)).status, "open");
  assert.equal((await client.invoices.voidInvoice(begun.latest_invoice.id)).status, "void");
  await assert.rejects(client.paymentIntents.confirm(begun.latest_invoice.payment_intent), (error) => error.code === "payment_intent_unexpected_state");
  await assert.rejects(client.invoices.voidInvoice(begun.latest_invoice.id), Stripe.errors.StripeInvalidRequestError);
});

test("a subscription whose card says no", async () => {
  const { who, method } = await payer("pm_card_chargeCustomerFail");
  const order = { customer: who.id, items: [{ price: "price_1234567890" }], default_payment_method: method.id };
  assert.equal((await client.subscriptions.create(order)).status, "incomplete");
  await assert.rejects(client.subscriptions.create({ ...order, payment_behavior: "error_if_incomplete" }), Stripe.errors.StripeCardError);
  await assert.rejects(client.subscriptions.create({ ...order, items: [{ price: "price_none" }] }), (error) => error.code === "resource_missing");
});

test("pages to pay on", async () => {
  const who = await customer();
  const page = await client.checkout.sessions.create({
    mode: "subscription", customer: who.id, success_url: "https://example.org/yes", cancel_url: "https://example.org/no",
    line_items: [{ quantity: 1, price_data: { currency: "usd", unit_amount: 4999, recurring: { interval: "month" }, product_data: { name: "Pro" } } }],
    subscription_data: { metadata: { plan: "pro" } } });
  assert.deepEqual([page.status, page.payment_status, page.amount_total], ["open", "unpaid", 4999]);
  assert.match(page.url, /^http/);
  await ours(`/checkout/${page.id}/pay`);
  const paid = await client.checkout.sessions.retrieve(page.id, { expand: ["subscription"] });
  assert.deepEqual([paid.status, paid.payment_status, paid.subscription.status], ["complete", "paid", "active"]);
  assert.deepEqual(paid.subscription.metadata, { plan: "pro" });
  await assert.rejects(client.checkout.sessions.expire(page.id), Stripe.errors.StripeInvalidRequestError);
  const other = await client.checkout.sessions.create({
    mode: "subscription", customer: who.id, success_url: "https://example.org/yes", cancel_url: "https://example.org/no",
    line_items: [{ quantity: 1, price: paid.subscription.items.data[0].price.id }] });
  assert.deepEqual((await client.checkout.sessions.list({ customer: who.id, status: "open" })).data.map((one) => one.id), [other.id]);
  assert.equal((await client.checkout.sessions.expire(other.id)).status, "expired");
  assert.deepEqual((await client.checkout.sessions.list({ customer: who.id, status: "open" })).data, []);
  const portal = await client.billingPortal.sessions.create({ customer: who.id, return_url: "https://example.org/" });
  assert.equal(portal.object, "billing_portal.session");
  assert.match(portal.url, /^http/);
});

test("events can be looked up", async () => {
  const one = await payer();
  const made = await pay(one);
  const told = (await client.events.list({ type: "payment_intent.succeeded" })).data.find((event) => event.data.object.id === made.id);
  assert.deepEqual([told.object, told.api_version], ["event", "2023-10-16"]);
  assert.equal((await client.events.retrieve(told.id)).id, told.id);
});

test("what is wrong is told as Stripe tells it", async () => {
  await assert.rejects(client.customers.retrieve("cus_none"), (error) => error.type === "StripeInvalidRequestError" && error.code === "resource_missing");
  const nobody = new Stripe("expired", options);
  await assert.rejects(nobody.balance.retrieve(), Stripe.errors.StripeAuthenticationError);
  assert.equal((await client.balance.retrieve()).object, "balance");
  await control("POST", "/faults", { service: "stripe", kind: "status", status: 429, times: 1 });
  await assert.rejects(client.balance.retrieve(), Stripe.errors.StripeRateLimitError);
  await control("POST", "/faults", { service: "stripe", kind: "status", status: 500, times: 1 });
  await assert.rejects(client.balance.retrieve(), Stripe.errors.StripeAPIError);
});
