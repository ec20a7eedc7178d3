// SPDX-License-Identifier: GPL-3.0-or-later
// Google's own library for Gemini against the sandbox.
import assert from "node:assert/strict";
import { test } from "node:test";
import { GoogleGenerativeAI, GoogleGenerativeAIFetchError, SchemaType } from "@google/generative-ai";

const baseUrl = `${process.env.SANDBOX}/gemini`;
const model = (more, key = "any", name = "gemini-1.5-flash") => new GoogleGenerativeAI(key).getGenerativeModel({ model: name, ...more }, { baseUrl });
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const picture = { inlineData: { mimeType: "image/png", data: PIXEL } };

test("a prompt is answered", async () => {
  const { response } = await model({ systemInstruction: "Be short." }).generateContent("Hello there");
  assert.match(response.text(), /sandbox.*Hello there/);
  assert.equal(response.candidates[0].finishReason, "STOP");
  assert.ok(response.usageMetadata.totalTokenCount > response.usageMetadata.promptTokenCount);
  assert.equal(response.modelVersion, "gemini-1.5-flash-sandbox");
});

test("an answer that comes in pieces is the same", async () => {
  const whole = (await model().generateContent("Hello there")).response.text();
  const { stream, response } = await model().generateContentStream("Hello there");
  const pieces = [];
  for await (const piece of stream) pieces.push(piece.text());
  assert.ok(pieces.length > 5);
  assert.equal(pieces.join(""), whole);
  assert.equal((await response).candidates[0].finishReason, "STOP");
});

test("a schema is filled, and a picture looked at", async () => {
  const responseSchema = {
    type: SchemaType.OBJECT, required: ["title", "foods"],
    properties: {
      title: { type: SchemaType.STRING, nullable: true },
      meal: { type: SchemaType.STRING, format: "enum", enum: ["breakfast", "lunch", "dinner"] },
      foods: { type: SchemaType.ARRAY, items: { type: SchemaType.OBJECT, properties: { name: { type: SchemaType.STRING }, calories: { type: SchemaType.INTEGER } } } },
    },
  };
  const asked = model({ generationConfig: { responseMimeType: "application/json", responseSchema } });
  const filled = JSON.parse((await asked.generateContent(["My lunch was bread and cheese", picture])).response.text());
  assert.equal(filled.meal, "lunch");
  assert.deepEqual(filled.foods.map((food) => food.name), ["bread", "cheese"]);
  assert.ok(Number.isInteger(filled.foods[0].calories));
});

test("a conversation goes on", async () => {
  const chat = model().startChat({ history: [{ role: "user", parts: [{ text: "One" }] }, { role: "model", parts: [{ text: "Two" }] }] });
  const said = (await chat.sendMessage("Three")).response.text();
  assert.match(said, /One\nThree/);
  assert.equal((await chat.getHistory()).length, 4);
});

test("an answer can be cut", async () => {
  const { response } = await model({ generationConfig: { maxOutputTokens: 2 } }).generateContent("Hello there");
  assert.equal(response.candidates[0].finishReason, "MAX_TOKENS");
  assert.equal(response.candidates[0].content.parts[0].text.length, 8);
});

test("tokens are counted", async () => {
  const few = (await model().countTokens("Hello")).totalTokens, many = (await model().countTokens("Hello ".repeat(100))).totalTokens;
  assert.ok(few > 0 && many > few + 100);
});

test("what is refused is told as the service tells it", async () => {
  await assert.rejects(model({}, "expired").generateContent("Hello"),
    (error) => error instanceof GoogleGenerativeAIFetchError && error.status === 400 && error.errorDetails[0].reason === "API_KEY_INVALID");
  await assert.rejects(model({}, "any", "gemini-none").generateContent("Hello"), (error) => error.status === 404);
  const blocked = (await model().generateContent("sandbox-refuses")).response;
  assert.equal(blocked.promptFeedback.blockReason, "SAFETY");
  assert.throws(() => blocked.text());
});

test("models are listed a page at a time", async () => {
  const names = [];
  let token = "";
  do {
    const page = await (await fetch(`${baseUrl}/v1beta/models?pageSize=2&key=any&pageToken=${token}`)).json();
    names.push(...page.models.map((one) => one.name));
    token = page.nextPageToken;
  } while (token);
  assert.equal(new Set(names).size, 5);
  const one = await (await fetch(`${baseUrl}/v1beta/${names[0]}`, { headers: { "x-goog-api-key": "any" } })).json();
  assert.ok(one.supportedGenerationMethods.includes("generateContent"));
  assert.equal((await fetch(`${baseUrl}/v1beta/models`)).status, 403);
});
