// What somebody does who has only ever spoken to OpenAI. Says "made ID" and waits until it is made.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "none", maxRetries: 0 });

const made = await client.videos.create({ prompt: "a whale moves left", size: "16x16", seconds: 1, seed: 7, num_inference_steps: 4 });
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

const picture = await client.videos.downloadContent(made.id, { variant: "thumbnail" });
assert.equal(picture.headers.get("content-type"), "image/jpeg");
assert.ok((await picture.arrayBuffer()).byteLength > 0);
assert.equal((await client.videos.downloadContent(made.id, { variant: "spritesheet" })).status, 200);

// A list over pages, in both orders, and past one that is deleted on the way.
const more = [await client.videos.create({ prompt: "a whale" }), await client.videos.create({ prompt: "a red whale" })];
const newest = [];
for await (const one of client.videos.list({ limit: 2 })) {
  newest.push(one.id);
  if (one.id === made.id) break;
}
assert.deepEqual(newest.slice(-3), [more[1].id, more[0].id, made.id]);
const oldest = [];
for await (const one of client.videos.list({ limit: 1, order: "asc", after: made.id })) {
  assert.equal(one.object, "video");
  oldest.push(one.id);
}
assert.deepEqual(oldest.slice(0, 2), [more[0].id, more[1].id]);

const running = await client.videos.delete(more[0].id).catch(error => error);
assert.ok(running instanceof OpenAI.ConflictError, String(running));
assert.match(running.message, /cancel it/);
const remix = await client.videos.remix(made.id, { prompt: "a red whale" });
assert.equal(remix.remixed_from_video_id, made.id);
assert.equal(remix.prompt, "a red whale");
assert.equal(remix.size, made.size);
const canceled = await client.post(`/videos/${remix.id}/cancel`);
assert.equal(canceled.status, "failed");
assert.equal(canceled.error.code, "canceled");
await client.videos.delete(remix.id);

const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const references = [await toFile(png, "a.png", { type: "image/png" }), { image_url: `data:image/png;base64,${png.toString("base64")}` }];
for (const input_reference of references) {
  const pictured = await client.videos.create({ prompt: "a whale", input_reference }).catch(error => error);
  assert.ok(pictured instanceof OpenAI.BadRequestError, String(pictured));
  assert.equal(pictured.param, "input_reference");
  assert.match(pictured.message, /clips, which cannot begin with one/);
}

const edited = await client.videos.edit({ prompt: "a red whale", video: { id: made.id } }).catch(error => error);
assert.ok(edited instanceof OpenAI.APIError && edited.status === 405, String(edited));

assert.deepEqual(await client.videos.delete(made.id), { id: made.id, object: "video.deleted", deleted: true });
const deleted = await client.videos.retrieve(made.id).catch(error => error);
assert.ok(deleted instanceof OpenAI.NotFoundError, String(deleted));
assert.equal((await client.videos.list({ limit: 1, after: made.id })).data.length, 1);

const wrong = await client.videos.create({ prompt: "a whale", size: "720x1280" }).catch(error => error);
assert.ok(wrong instanceof OpenAI.BadRequestError, String(wrong));
assert.equal(wrong.param, "size");
assert.equal(wrong.code, "invalid");
assert.ok(wrong.requestID);

const gone = await client.videos.retrieve("no-such-video").catch(error => error);
assert.ok(gone instanceof OpenAI.NotFoundError, String(gone));

console.log("all is well");
