// SPDX-License-Identifier: GPL-3.0-or-later
// Replicate's own library against the sandbox.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import Replicate, { validateWebhook } from "replicate";

const replicate = new Replicate({ auth: "r8_any", baseUrl: `${process.env.SANDBOX}/replicate/v1` });
const DRAW = "black-forest-labs/flux-schnell";
const quick = { wait: { mode: "poll", interval: 10 } };

test("a model draws, and its pictures can be fetched", async () => {
  const output = await replicate.run(DRAW, { input: { prompt: "stripes", num_outputs: 2, width: 640, height: 480 }, ...quick });
  assert.equal(output.length, 2);
  for (const url of output) {      // the library makes files of https: only
    const picture = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.equal(picture.subarray(1, 4).toString(), "PNG");
    assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [640, 480]);
  }
});

test("who waits is answered with the end", async () => {
  const prediction = await replicate.predictions.create({ model: DRAW, input: { prompt: "a disc" }, wait: true });
  assert.equal(prediction.status, "succeeded");
  const said = await replicate.run("meta/meta-llama-3-8b-instruct", { input: { prompt: "Hello there" } });
  assert.match(said.join(""), /sandbox.*Hello there/);
});

test("a prediction goes on a step a look", async () => {
  let prediction = await replicate.predictions.create({ model: DRAW, input: { prompt: "steps" } });
  const seen = [prediction.status];
  while (!prediction.completed_at) {
    prediction = await replicate.predictions.get(prediction.id);
    seen.push(prediction.status);
  }
  assert.deepEqual(seen, ["starting", "processing", "succeeded"]);
  assert.deepEqual(await replicate.predictions.get(prediction.id), prediction);
  assert.equal(prediction.model, DRAW);
  assert.ok(prediction.metrics.predict_time > 0);
});

test("a version runs, and one that there is not does not", async () => {
  const model = await replicate.models.get("stability-ai", "sdxl");
  const version = model.latest_version.id;
  assert.deepEqual((await replicate.models.versions.list("stability-ai", "sdxl")).results.map((one) => one.id), [version]);
  assert.equal((await replicate.models.versions.get("stability-ai", "sdxl", version)).id, version);
  const output = await replicate.run(`stability-ai/sdxl:${version}`, { input: { prompt: "x" }, ...quick });
  assert.equal(output.length, 1);
  await assert.rejects(replicate.predictions.create({ version: "none", input: {} }), (error) => error.response.status === 422);
  await assert.rejects(replicate.models.get("missing", "model"), (error) => error.response.status === 404);
  await assert.rejects(replicate.predictions.create({ model: DRAW }), (error) => error.response.status === 422);
});

test("a prediction fails, and another is cancelled", async () => {
  const input = { prompt: "sandbox-refuses" };
  let failed = await replicate.predictions.create({ model: DRAW, input });
  while (!failed.completed_at) failed = await replicate.predictions.get(failed.id);
  assert.equal(failed.status, "failed");
  assert.match(failed.error, /NSFW/);
  await assert.rejects(replicate.run(DRAW, { input, ...quick }), /NSFW/);
  const begun = await replicate.predictions.create({ model: DRAW, input: { prompt: "x" } });
  await replicate.predictions.cancel(begun.id);
  assert.equal((await replicate.predictions.get(begun.id)).status, "canceled");
});

test("predictions are listed, the newest first, over pages", async () => {
  const made = [];
  for (let i = 0; i < 103; i++) made.unshift((await replicate.predictions.create({ model: DRAW, input: { prompt: `${i}` } })).id);
  const listed = [];
  let pages = 0;
  for await (const page of replicate.paginate(replicate.predictions.list)) {
    listed.push(...page.map((one) => one.id));
    pages++;
  }
  assert.deepEqual(listed.slice(0, 103), made);
  assert.ok(pages > 1);
});

test("a webhook is told the beginning and the end, signed", async (t) => {
  const came = [];
  let done;
  const all = new Promise((resolve) => { done = resolve; });
  const server = createServer((request, answer) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      answer.end();
      came.push({ headers: request.headers, body });
      if (came.length === 2) done();
    });
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  t.after(() => server.close());
  const webhook = `http://127.0.0.1:${server.address().port}/`;
  const { id } = await replicate.predictions.create({ model: DRAW, input: { prompt: "x" }, webhook, webhook_events_filter: ["start", "completed"] });
  await all;
  const { key } = await replicate.webhooks.default.secret.get();
  for (const { headers, body } of came)
    assert.ok(await validateWebhook({ headers, body }, key, webcrypto));      // Node 18 has no crypto of its own accord
  assert.deepEqual(came.map(({ body }) => [JSON.parse(body).id, JSON.parse(body).status]), [[id, "starting"], [id, "succeeded"]]);
});

test("who has no token is refused", async () => {
  const nobody = new Replicate({ auth: "expired", baseUrl: replicate.baseUrl });
  await assert.rejects(nobody.accounts.current(), (error) => error.response.status === 401);
  assert.equal((await replicate.accounts.current()).username, "millrace-sandbox");
});
