// SPDX-License-Identifier: GPL-3.0-or-later
// OpenAI's own library against the sandbox.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ apiKey: "sk-any", baseURL: `${process.env.SANDBOX}/openai/v1`, maxRetries: 0 });
const control = (method, path, body) =>
  fetch(`${process.env.SANDBOX}/-/control${path}`, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
const PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const say = (content) => [{ role: "user", content }];
const ask = (more) => client.chat.completions.create({ model: "gpt-4o-mini", messages: say("Hello there"), ...more });

test("a message is answered", async () => {
  const answer = await ask({});
  assert.match(answer.choices[0].message.content, /sandbox.*Hello there/);
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.equal(answer.model, "gpt-4o-mini-sandbox");
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

test("the same words are answered the same", async () => {
  const [one, other] = [await ask({}), await ask({})];
  assert.equal(one.choices[0].message.content, other.choices[0].message.content);
  assert.notEqual(one.id, other.id);
});

test("an answer can be cut, and there can be several", async () => {
  const answer = await ask({ max_tokens: 3, n: 2 });
  assert.deepEqual(answer.choices.map((choice) => choice.finish_reason), ["length", "length"]);
  assert.equal(answer.choices[0].message.content.length, 12);
});

test("an answer that comes in pieces is the same", async () => {
  const whole = (await ask({})).choices[0].message.content;
  const stream = await ask({ stream: true, stream_options: { include_usage: true } });
  let said = "", pieces = 0, finish, usage;
  for await (const chunk of stream) {
    said += chunk.choices[0]?.delta?.content ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
    pieces++;
  }
  assert.equal(said, whole);
  assert.ok(pieces > 5);
  assert.equal(finish, "stop");
  assert.ok(usage.total_tokens > 0);
});

test("a schema is filled", async () => {
  const schema = {
    type: "object", additionalProperties: false, required: ["category", "answer", "confidence", "tags", "due", "note"],
    properties: {
      category: { type: "string", enum: ["question", "reminder", "complaint"] },
      answer: { type: "string", maxLength: 40 },
      confidence: { type: "number", minimum: 0, maximum: 1 },
      tags: { type: "array", items: { type: "string" }, minItems: 2, maxItems: 2 },
      due: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
      note: { $ref: "#/$defs/note" },
    },
    $defs: { note: { type: ["string", "null"] } },
  };
  const answer = await ask({ messages: say("This is a complaint about the weather."), response_format: { type: "json_schema", json_schema: { name: "task", strict: true, schema } } });
  const filled = JSON.parse(answer.choices[0].message.content);
  assert.equal(filled.category, "complaint");
  assert.ok(filled.answer.length <= 40 && filled.answer.length > 0);
  assert.ok(filled.confidence >= 0 && filled.confidence <= 1);
  assert.equal(filled.tags.length, 2);
  assert.match(filled.due, /^\d{4}-\d\d-\d\d$/);
  assert.equal(typeof filled.note, "string");
});

test("pictures are looked at, by the library's way of parsing", async () => {
  const food = { type: "object", properties: { name: { type: "string" }, grams: { type: "integer", minimum: 1, maximum: 2000 } } };
  const look = (text, url) => client.beta.chat.completions.parse({
    model: "gpt-4o",
    messages: [{ role: "user", content: [{ type: "text", text }, { type: "image_url", image_url: { url } }] }],
    response_format: { type: "json_schema", json_schema: { name: "foods", schema: { type: "object", properties: { items: { type: "array", items: food } } } } },
  });
  const named = (await look("What is there besides rice and salmon?", PIXEL)).choices[0].message.parsed;
  assert.deepEqual(named.items, [{ name: "rice", grams: 100 }, { name: "salmon", grams: 100 }]);
  const one = (await look("What is there?", PIXEL)).choices[0].message.parsed;
  assert.equal(one.items.length, 3);
  const other = (await look("What is there?", "https://example.com/a.jpg")).choices[0].message.parsed;
  assert.notDeepEqual(one.items, other.items);
  await assert.rejects(look("What?", "data:image/png;base64,%%%"), (error) => error.status === 400 && error.code === "invalid_image_url");
});

test("a model may refuse", async () => {
  const { message, finish_reason } = (await ask({ messages: say("sandbox-refuses") })).choices[0];
  assert.equal(message.content, null);
  assert.match(message.refusal, /cannot assist/);
  assert.equal(finish_reason, "stop");
  let refusal = "";
  for await (const chunk of await ask({ messages: say("sandbox-refuses"), stream: true }))
    refusal += chunk.choices[0].delta.refusal ?? "";
  assert.equal(refusal, message.refusal);
});

test("what is wrong is told as the service tells it", async () => {
  await assert.rejects(ask({ model: "x-none-1" }), (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
  await assert.rejects(ask({ messages: [] }), (error) => error instanceof OpenAI.BadRequestError && error.param === "messages");
  const nobody = new OpenAI({ apiKey: "expired", baseURL: client.baseURL, maxRetries: 0 });
  await assert.rejects(nobody.models.list(), (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key");
});

test("the library tries again what went wrong", async () => {
  await control("POST", "/faults", { service: "openai", kind: "status", status: 500, times: 1 });
  await control("POST", "/faults", { service: "openai", kind: "cut", times: 1 });
  const patient = new OpenAI({ apiKey: "sk-any", baseURL: client.baseURL, maxRetries: 2 });
  assert.ok((await patient.models.list()).data.length > 0);
  await control("POST", "/faults", { service: "openai", kind: "status", status: 429, retry_after: 1, times: 1 });
  await assert.rejects(client.models.list(), (error) => error instanceof OpenAI.RateLimitError && error.headers["retry-after"] === "1");
});

test("pictures are drawn", async () => {
  const drawn = await client.images.generate({ model: "gpt-image-1", prompt: "two stripes", n: 2, size: "1024x1024" });
  const pictures = drawn.data.map((one) => Buffer.from(one.b64_json, "base64"));
  assert.equal(pictures.length, 2);
  for (const picture of pictures) {
    assert.equal(picture.subarray(1, 4).toString(), "PNG");
    assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [1024, 1024]);
  }
  assert.notDeepEqual(pictures[0], pictures[1]);
  const linked = await client.images.generate({ model: "dall-e-3", prompt: "a disc", size: "1792x1024" });
  assert.match(linked.data[0].revised_prompt, /sandbox/);
  const picture = await fetch(linked.data[0].url);
  assert.equal(picture.headers.get("content-type"), "image/png");
  assert.equal(Buffer.from(await picture.arrayBuffer()).readUInt32BE(16), 1792);
  await assert.rejects(client.images.generate({ model: "dall-e-3", prompt: "x", n: 2 }), (error) => error.status === 400 && error.param === "n");
  await assert.rejects(client.images.generate({ prompt: "sandbox-refuses" }), (error) => error.code === "content_policy_violation");
});

const examples = (n) => Array.from({ length: n }, (_, i) => JSON.stringify({ messages: say(`${i} é`) })).join("\n");
const upload = async (text) => client.files.create({ file: await toFile(Buffer.from(text), "examples.jsonl"), purpose: "fine-tune" });

test("files come and go", async () => {
  const file = await upload(examples(3));
  assert.equal(file.filename, "examples.jsonl");
  assert.equal(file.bytes, Buffer.byteLength(examples(3)));
  assert.deepEqual(await client.files.retrieve(file.id), file);
  assert.equal(await (await client.files.content(file.id)).text(), examples(3));
  const others = [await upload("{}"), await upload("{}"), await upload("{}")];
  const listed = [];
  for await (const one of client.files.list({ limit: 2 })) listed.push(one.id);
  assert.deepEqual(listed.slice(0, 4), [...others.reverse(), file].map((one) => one.id));
  assert.equal((await client.files.del(file.id)).deleted, true);
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
});

test("a model is fine-tuned, a step a look", async () => {
  const file = await upload(examples(12));
  const job = await client.fineTuning.jobs.create({ model: "gpt-4o-mini-2024-07-18", training_file: file.id, suffix: "mine" });
  const seen = [job.status];
  let now = job;
  while (!now.finished_at) {
    now = await client.fineTuning.jobs.retrieve(job.id);
    seen.push(now.status);
  }
  assert.deepEqual(seen, ["validating_files", "queued", "running", "succeeded"]);
  assert.match(now.fine_tuned_model, /^ft:gpt-4o-mini-2024-07-18:millrace-sandbox:mine:/);
  assert.equal(now.trained_tokens, 1200);
  assert.equal((await ask({ model: now.fine_tuned_model })).model, `${now.fine_tuned_model}-sandbox`);
  const events = [];
  for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 2 })) events.push(event.message);
  assert.equal(events.length, 4);
  assert.equal((await client.fineTuning.jobs.list()).data[0].id, job.id);
  assert.ok((await client.models.list()).data.some((model) => model.id === now.fine_tuned_model));
  assert.equal((await client.models.del(now.fine_tuned_model)).deleted, true);
  await assert.rejects(client.models.retrieve(now.fine_tuned_model), OpenAI.NotFoundError);
});

test("a fine-tuning can be cancelled, and fails with too few examples", async () => {
  const file = await upload(examples(12));
  const job = await client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: file.id });
  assert.equal((await client.fineTuning.jobs.cancel(job.id)).status, "cancelled");
  await assert.rejects(client.fineTuning.jobs.cancel(job.id), OpenAI.BadRequestError);
  const poor = await client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: (await upload(examples(2))).id });
  const failed = await client.fineTuning.jobs.retrieve(poor.id);
  assert.equal(failed.status, "failed");
  assert.match(failed.error.message, /at least 10/);
  await assert.rejects(client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: "file-none" }), (error) => error.param === "training_file");
});
