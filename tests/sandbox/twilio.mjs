// SPDX-License-Identifier: GPL-3.0-or-later
// Twilio's own library against the sandbox. It takes no base for its URLs, but an HTTP client: its own, which asks the
// sandbox in the place of api.twilio.com.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import twilio from "twilio";

const ACCOUNT = `AC${"0".repeat(31)}1`, TOKEN = "12345678901234567890123456789012", FROM = "+15551110000";

class Elsewhere extends twilio.RequestClient {
  request(options) {
    return super.request({ ...options, uri: options.uri.replace("https://api.twilio.com", `${process.env.SANDBOX}/twilio`) });
  }
}
const client = (token = TOKEN, account = ACCOUNT) => twilio(account, token, { httpClient: new Elsewhere() });
const { messages } = client();
const refusal = (code, status = 400) => (error) => error instanceof twilio.RestException && error.code === code && error.status === status;

test("a message is sent, and found again", async () => {
  const sent = await messages.create({ to: "+15552220001", from: FROM, body: "Grüße, and more" });
  assert.match(sent.sid, /^SM[0-9a-f]{32}$/);
  assert.deepEqual([sent.status, sent.direction, sent.numSegments, sent.errorCode], ["queued", "outbound-api", "1", null]);
  assert.ok(sent.dateCreated instanceof Date && Math.abs(Date.now() - sent.dateCreated) < 60000);
  const found = await messages(sent.sid).fetch();
  assert.deepEqual([found.sid, found.body, found.to, found.from, found.status], [sent.sid, "Grüße, and more", "+15552220001", FROM, "delivered"]);
  assert.equal((await messages.create({ to: "+15552220001", from: FROM, body: "é".repeat(71) })).numSegments, "2");
});

test("messages are listed, the latest first, over pages", async () => {
  const to = "+15552220002", made = [];
  for (let i = 0; i < 25; i++) made.unshift((await messages.create({ to, from: FROM, body: `${i}` })).sid);
  assert.deepEqual((await messages.list({ to, pageSize: 10 })).map((one) => one.sid), made);
  assert.deepEqual((await messages.list({ to, from: FROM, limit: 7 })).map((one) => one.sid), made.slice(0, 7));
  assert.deepEqual(await messages.list({ to, from: "+15559990000" }), []);
  const page = await messages.page({ to, pageSize: 20 });
  assert.equal(page.instances.length, 20);
  assert.equal((await page.nextPage()).instances.length, 5);
  const day = 24 * 3600 * 1000;
  assert.equal((await messages.list({ to, dateSentAfter: new Date(Date.now() - day) })).length, 25);
  assert.equal((await messages.list({ to, dateSentAfter: new Date(Date.now() + 2 * day) })).length, 0);
  assert.equal((await messages.list({ to, dateSentBefore: new Date(Date.now() - 2 * day) })).length, 0);
});

test("numbers of the test credentials are refused, and what is missing", async () => {
  const body = "x", to = "+15552220003";
  for (const [number, code] of [["+15005550001", 21211], ["+15005550002", 21612], ["+15005550003", 21408],
    ["+15005550004", 21610], ["+15005550009", 21614], ["nobody", 21211]])
    await assert.rejects(messages.create({ to: number, from: FROM, body }), refusal(code));
  for (const [from, code] of [["+15005550001", 21212], ["+15005550007", 21606], ["+15005550008", 21611]])
    await assert.rejects(messages.create({ to, from, body }), refusal(code));
  assert.equal((await messages.create({ to, from: "+15005550006", body })).status, "queued");
  await assert.rejects(messages.create({ to, from: FROM }), refusal(21602));
  await assert.rejects(messages.create({ to, from: FROM, body: "x".repeat(1601) }), refusal(21617));
  await assert.rejects(messages.create({ to, body }), refusal(21603));
  assert.equal((await messages.list({ to })).length, 1);
});

test("a message is emptied and deleted", async () => {
  const { sid } = await messages.create({ to: "+15552220004", from: FROM, body: "secret" });
  assert.equal((await messages(sid).update({ body: "" })).body, "");
  assert.equal((await messages(sid).fetch()).body, "");
  assert.equal(await messages(sid).remove(), true);
  await assert.rejects(messages(sid).fetch(), refusal(20404, 404));
});

test("the account and its balance", async () => {
  assert.equal((await client().api.v2010.accounts(ACCOUNT).fetch()).status, "active");
  const { balance, currency } = await client().balance.fetch();
  assert.ok(Number(balance) > 0 && currency === "USD");
});

test("who has no token is refused", async () => {
  const answer = await fetch(`${process.env.SANDBOX}/twilio/2010-04-01/Accounts/${ACCOUNT}/Messages.json`);
  assert.deepEqual([answer.status, (await answer.json()).code], [401, 20003]);
  await assert.rejects(client(TOKEN, `AC${"0".repeat(32)}`).messages(`SM${"f".repeat(32)}`).fetch(), refusal(20404, 404));
});

test("what becomes of a message is told, signed", async (t) => {
  const came = [];
  let done;
  const all = new Promise((resolve) => { done = resolve; });
  const server = createServer((request, answer) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      answer.end();
      came.push({ url: request.url, signature: request.headers["x-twilio-signature"], form: Object.fromEntries(new URLSearchParams(body)) });
      if (came.length === 3) done();
    });
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  t.after(() => server.close());
  const statusCallback = `http://127.0.0.1:${server.address().port}/told?ref=a.1`;
  const { sid } = await messages.create({ to: "+15552220010", from: FROM, body: "x", statusCallback });
  await all;
  for (const { signature, form } of came) assert.ok(twilio.validateRequest(TOKEN, signature, statusCallback, form));
  assert.ok(!twilio.validateRequest("another", came[0].signature, statusCallback, came[0].form));
  assert.deepEqual(came.map(({ form }) => [form.MessageSid, form.MessageStatus, form.ErrorCode]),
    [[sid, "queued", undefined], [sid, "sent", undefined], [sid, "undelivered", "30003"]]);
});
