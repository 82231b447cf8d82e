// A client with a key of two requests a second: it is told to wait, waits, and gets every answer.
import assert from "node:assert/strict";
import OpenAI from "openai";

let refused = 0;
const counting = async (url, init) => {
  const answer = await fetch(url, init);
  if (answer.status === 429) {
    refused++;
    assert.ok(Number(answer.headers.get("retry-after-ms")) > 0);
  }
  return answer;
};
const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: process.argv[3], maxRetries: 3, fetch: counting });
for (let i = 0; i < 5; i++) {
  assert.ok(Array.isArray((await client.videos.list({ limit: 1 })).data));
}
assert.ok(refused > 0, "it was never told to wait");

const stranger = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "sk-none" });
const unknown = await stranger.videos.list().catch(error => error);
assert.ok(unknown instanceof OpenAI.AuthenticationError, String(unknown));
console.log("all is well");
