// What somebody does who has only ever spoken to OpenAI. Says "made ID" and waits until it is made.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "none", maxRetries: 0 });

const made = await client.videos.create({ prompt: "a whale moves left", size: "16x16", seed: 7, num_inference_steps: 4 });
assert.equal(made.object, "video");
assert.equal(made.size, "16x16");
console.log(`made ${made.id}`);

let video = made;
while (video.status !== "completed") {
  assert.notEqual(video.status, "failed");
  await new Promise(resolve => setTimeout(resolve, 200));
  video = await client.videos.retrieve(made.id);
}
assert.equal(video.progress, 100);
assert.ok(video.completed_at >= video.created_at);

const content = await client.videos.downloadContent(made.id, { variant: "video" });
assert.equal(content.headers.get("content-type"), "video/mp4");
const bytes = new Uint8Array(await content.arrayBuffer());
assert.equal(bytes.length, Number(content.headers.get("content-length")));

const wrong = await client.videos.create({ prompt: "a whale", size: "720x1280" }).catch(error => error);
assert.ok(wrong instanceof OpenAI.BadRequestError, String(wrong));
assert.equal(wrong.param, "size");
assert.equal(wrong.code, "invalid");
assert.ok(wrong.requestID);

const gone = await client.videos.retrieve("no-such-video").catch(error => error);
assert.ok(gone instanceof OpenAI.NotFoundError, String(gone));

console.log("all is well");
