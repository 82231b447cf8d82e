// What somebody does who has only ever spoken to Replicate. Says "seen" when it saw progress.
import assert from "node:assert/strict";
import Replicate, { parseProgressFromLogs } from "replicate";

const replicate = new Replicate({ auth: "none", baseUrl: `${process.argv[2]}/v1` });

// One call that waits, for a cloud.
const cloud = await replicate.run("glimt/objects", { input: { prompt: "a pine tree", seed: 7, output_format: "glb" } });
const file = await fetch(cloud);
assert.equal(file.headers.get("content-type"), "model/gltf-binary");
assert.ok((await file.arrayBuffer()).byteLength > 0);

// A video, polled, with its progress.
const percents = [];
const states = new Set();
const video = await replicate.run("glimt/clips", { input: { prompt: "a whale moves slowly", num_inference_steps: 4 }, wait: { mode: "poll", interval: 50 } }, prediction => {
  states.add(prediction.status);
  const progress = parseProgressFromLogs(prediction);
  if (progress) {
    percents.push(progress.percentage);
    console.log("seen");
  }
});
assert.equal((await fetch(video)).headers.get("content-type"), "video/mp4");
assert.ok(percents.length > 0 && percents.every((p, i) => i === 0 || p >= percents[i - 1]), String(percents));
assert.ok(states.has("processing") && states.has("succeeded"), [...states].join());

// Created, found, listed over pages, cancelled.
const made = await replicate.predictions.create({ model: "glimt/clips", input: { prompt: "a whale" } });
const again = await replicate.predictions.create({ version: made.version, input: { prompt: "a whale" }, wait: 1 });
assert.ok(["starting", "succeeded"].includes(again.status), again.status);
assert.equal((await replicate.predictions.get(made.id)).input.prompt, "a whale");
const ids = [];
for await (const page of replicate.paginate(replicate.predictions.list)) {
  ids.push(...page.map(one => one.id));
  if (ids.includes(made.id)) break;
}
assert.ok(ids.indexOf(again.id) < ids.indexOf(made.id));
const late = await replicate.wait(made);
assert.equal(late.status, "succeeded");
assert.equal((await replicate.predictions.cancel(made.id)).status, "succeeded");
const slow = await replicate.predictions.create({ model: "glimt/pictures", input: { prompt: "a red tree" }, webhook_events_filter: undefined });
const canceled = await replicate.predictions.cancel(slow.id);
assert.ok(["canceled", "succeeded"].includes(canceled.status), canceled.status);

// A file as input, which this model does not take.
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const pictured = await replicate.run("glimt/pictures", { input: { prompt: "a whale", image: png } }).catch(error => error);
assert.match(pictured.message, /does not go with pictures.*input\.image/);
const unknown = await replicate.run("stability-ai/sdxl", { input: { prompt: "a whale" } }).catch(error => error);
assert.match(unknown.message, /glimt\/clips/);
console.log("all is well");
