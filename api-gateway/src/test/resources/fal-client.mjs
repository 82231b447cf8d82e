// What somebody does who has only ever spoken to fal. Says "seen" when it saw progress.
import assert from "node:assert/strict";
import { createFalClient } from "@fal-ai/client";

const base = process.argv[2];
const fal = createFalClient({
  credentials: "none",
  requestMiddleware: async request => ({ ...request, url: request.url.replace(/^https:\/\/queue\.fal\.run/, `${base}/fal`).replace(/^https:\/\/fal\.run/, `${base}/fal/run`).replace(/^https:\/\/rest\.fal\.ai/, `${base}/fal`) }),
});

// A video, with its progress.
const states = new Set();
const lines = new Set();
const video = await fal.subscribe("glimt/clips", {
  input: { prompt: "a whale moves slowly", seed: 7 },
  logs: true,
  pollInterval: 50,
  onQueueUpdate: update => {
    states.add(update.status);
    (update.logs ?? []).forEach(line => lines.add(line.message));
    if ([...lines].some(line => /^\d+%/.test(line))) console.log("seen");
  },
});
assert.ok(states.has("IN_PROGRESS") && states.has("COMPLETED"), [...states].join());
assert.ok(lines.has("level spatial is finished"), [...lines].join());
assert.equal(video.data.seed, 7);
assert.ok(video.requestId);
const clip = await fetch(video.data.video.url);
assert.equal(clip.headers.get("content-type"), "video/mp4");
assert.equal((await clip.arrayBuffer()).byteLength, video.data.video.file_size);

// A cloud and an image, step by step.
const { request_id } = await fal.queue.submit("glimt/objects", { input: { prompt: "a pine tree" } });
await fal.queue.subscribeToStatus("glimt/objects", { requestId: request_id, pollInterval: 50 });
const cloud = await fal.queue.result("glimt/objects", { requestId: request_id });
assert.equal((await fetch(cloud.data.point_cloud.url)).headers.get("content-type"), "model/gltf-binary");
const image = await fal.subscribe("glimt/pictures", { input: { prompt: "a tree" }, pollInterval: 50 });
assert.equal(image.data.images[0].width, 32);

// Made while one waits, and watched by a stream.
const made = await fal.run("glimt/pictures", { input: { prompt: "a red tree", seed: 5 } });
assert.equal(made.data.seed, 5);
assert.ok(made.requestId);
assert.ok((await fetch(made.data.images[0].url)).ok);
const streamed = [];
const told = await fal.subscribe("glimt/clips", {
  input: { prompt: "a whale over blue" }, mode: "streaming", logs: true,
  onQueueUpdate: update => streamed.push(update),
});
assert.equal(streamed.at(-1).status, "COMPLETED");
assert.ok(streamed.at(-1).logs.some(line => line.message === "level spatial is finished"));
assert.equal(new Set(streamed.at(-1).logs.map(line => line.message)).size, streamed.at(-1).logs.length);
assert.ok((await fetch(told.data.video.url)).ok);

const watched = await fal.stream("glimt/clips", { input: { prompt: "a whale over red", seed: 9 } });
const seen = [];
for await (const event of watched) seen.push(event);
assert.equal(seen[0].request_id, watched.requestId ?? seen[0].request_id);
assert.ok(seen.some(event => event.status === "IN_PROGRESS" && event.progress > 0));
const end = await watched.done();
assert.equal(end.seed, 9);
assert.ok((await fetch(end.video.url)).ok);
const no = await (await fal.stream("glimt/clips", { input: { prompt: 7 } })).done().catch(error => error);
assert.equal(no.status, 422);

// A file as input, which this model does not take.
const png = new Blob([Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64")], { type: "image/png" });
const pictured = await fal.subscribe("glimt/pictures", { input: { prompt: "a whale", image_url: png } }).catch(error => error);
if (!pictured.getFieldErrors) throw pictured;
assert.equal(pictured.getFieldErrors("image_url").length, 1, JSON.stringify(pictured.body));
assert.match(pictured.getFieldErrors("image_url")[0].msg, /does not go with pictures/);

// What the filter stops.
for (const way of [fal.queue.submit, fal.run]) {
  const stopped = await way("glimt/clips", { input: { prompt: "an unspeakable whale" } }).catch(error => error);
  assert.equal(stopped.status, 422);
  assert.equal(stopped.name, "ValidationError");
  assert.equal(stopped.body.detail[0].type, "content_policy_violation");
}

// Cancelled while it runs.
const endless = await fal.queue.submit("glimt/clips", { input: { prompt: "a whale moves endlessly" } });
assert.ok(endless.status === "IN_QUEUE" && endless.queue_position >= 0);
await fal.queue.cancel("glimt/clips", { requestId: endless.request_id });
assert.equal((await fal.queue.status("glimt/clips", { requestId: endless.request_id })).status, "COMPLETED");
const nothing = await fal.queue.result("glimt/clips", { requestId: endless.request_id }).catch(error => error);
assert.match(nothing.message, /cancelled/);
const twice = await fal.queue.cancel("glimt/clips", { requestId: endless.request_id }).catch(error => error);
assert.equal(twice.status, 400);

// Errors.
const wrong = await fal.queue.submit("glimt/clips", { input: { prompt: "a whale", num_inference_steps: 0 } }).catch(error => error);
assert.equal(wrong.name, "ValidationError");
assert.equal(wrong.getFieldErrors("num_inference_steps").length, 1);
const gone = await fal.queue.status("glimt/objects", { requestId: endless.request_id }).catch(error => error);
assert.equal(gone.status, 404);
console.log("all is well");
