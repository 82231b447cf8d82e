// A receiver of webhooks that believes nothing: every message must be signed as Standard Webhooks says.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { Webhook } from "standardwebhooks";
import { validateWebhook } from "replicate";

const farm = process.argv[2];
const heard = [];
let waiting = () => {};
const server = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  heard.push({ path: request.url, headers: request.headers, body });
  response.writeHead(204).end();
  waiting();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const here = `http://127.0.0.1:${server.address().port}`;

/** Waits until a path has heard so many messages. */
async function messages(path, count) {
  for (;;) {
    const all = heard.filter(one => one.path === path);
    if (all.length >= count) return all;
    await new Promise(resolve => { waiting = resolve; });
  }
}
async function ask(method, path, body) {
  const answer = await fetch(farm + path, { method, headers: body ? { "content-type": "application/json" } : {}, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

// All of a job's events that were asked for, each signed and each once.
const first = (await ask("GET", "/v1/webhooks/default/secret")).key;
assert.equal((await ask("GET", "/v1/webhooks/default/secret")).key, first);
const job = await ask("POST", "/v1/jobs", { prompt: "a whale", webhook: `${here}/job?token=x`, webhook_events_filter: ["start", "output", "completed"] });
const told = (await messages("/job?token=x", 4)).map(one => {
  const payload = new Webhook(first).verify(one.body, one.headers);
  assert.equal(payload.id, one.headers["webhook-id"]);
  assert.equal(payload.data.id, job.id);
  assert.ok(Math.abs(Date.now() / 1000 - Number(one.headers["webhook-timestamp"])) < 300);
  return payload;
});
assert.deepEqual(told.map(one => one.type).sort(), ["video.completed", "video.level_completed", "video.level_completed", "video.started"]);
assert.equal(new Set(told.map(one => one.id)).size, 4);
const completed = told.find(one => one.type === "video.completed");
assert.equal((await (await fetch(completed.data.job)).json()).state, "succeeded");
const forged = await messages("/job?token=x", 4);
assert.throws(() => new Webhook(first).verify(forged[0].body.replace("whale", "shark") + " ", forged[0].headers));

// Videos, clouds and images have webhooks by the same fields; a form's list too.
const form = new FormData();
form.append("prompt", "a whale");
form.append("webhook", `${here}/video`);
for (const word of ["start", "completed"]) form.append("webhook_events_filter[]", word);
const video = await (await fetch(`${farm}/v1/videos`, { method: "POST", body: form })).json();
const cloud = await ask("POST", "/v1/pointclouds", { prompt: "a tree", webhook: `${here}/cloud` });
await ask("POST", "/v1/images/generations", { prompt: "a tree", n: 2, webhook: `${here}/image` });
const heardOf = async (path, count) => (await messages(path, count)).map(one => new Webhook(first).verify(one.body, one.headers));
const ofVideo = await heardOf("/video", 2);
assert.deepEqual(ofVideo.map(one => one.type).sort(), ["video.completed", "video.started"]);
assert.ok(ofVideo.every(one => one.data.id === video.id));
assert.deepEqual((await heardOf("/cloud", 1)).map(one => [one.type, one.data.id]), [["pointcloud.completed", cloud.id]]);
assert.deepEqual((await heardOf("/image", 2)).map(one => one.type), ["image.completed", "image.completed"]);
for (const path of ["/v1/videos", "/v1/pointclouds", "/v1/images/generations"]) {
  const refused = await fetch(farm + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ prompt: "a tree", webhook: "https://10.0.0.1/" }) });
  assert.equal(refused.status, 400, path);
}

// After a rotation the secret before signs too.
const second = (await ask("POST", "/v1/webhooks/default/secret")).key;
assert.notEqual(second, first);
await ask("POST", "/v1/jobs", { prompt: "a whale", webhook: `${here}/rotated` });
const [rotated] = await messages("/rotated", 1);
for (const secret of [first, second]) new Webhook(secret).verify(rotated.body, rotated.headers);
assert.equal(rotated.headers["webhook-signature"].split(" ").length, 2);

// A replay is the same message, by its id.
const state = await ask("GET", `/v1/jobs/${job.id}/webhook`);
assert.ok(state.deliveries.every(one => one.state === "delivered" && one.status === 204), JSON.stringify(state));
await ask("POST", `/v1/jobs/${job.id}/webhook/${completed.data.seq}/replay`);
const replayed = (await messages("/job?token=x", 5))[4];
assert.equal(replayed.headers["webhook-id"], completed.id);
assert.deepEqual(new Webhook(second).verify(replayed.body, replayed.headers), completed);

// Whole predictions, as Replicate's client validates them.
const prediction = await ask("POST", "/v1/predictions", { version: "objects", input: { prompt: "a pine tree" }, webhook: `${here}/prediction`, webhook_events_filter: ["completed"] });
const [ended] = await messages("/prediction", 1);
assert.equal(await validateWebhook({ id: ended.headers["webhook-id"], timestamp: ended.headers["webhook-timestamp"], signature: ended.headers["webhook-signature"], body: ended.body, secret: second }), true);
const result = JSON.parse(ended.body);
assert.equal(result.id, prediction.id);
assert.equal(result.status, "succeeded");
assert.equal((await fetch(result.output)).headers.get("content-type"), "model/gltf-binary");

// A request of fal's queue.
const queued = await ask("POST", `/fal/glimt/clips?fal_webhook=${encodeURIComponent(`${here}/fal`)}`, { prompt: "a whale" });
const [done] = await messages("/fal", 1);
const request = new Webhook(second).verify(done.body, done.headers);
assert.equal(request.request_id, queued.request_id);
assert.equal(request.status, "OK");
assert.ok((await fetch(request.payload.video.url)).ok);
server.close();
server.closeAllConnections();
console.log("all is well");
