// What somebody does who has only ever made images with OpenAI. Says "seen" when it saw a preview.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "none", maxRetries: 0 });

const two = await client.images.generate({ prompt: "a whale", n: 2, size: "32x32", seed: 7 });
assert.equal(two.data.length, 2);
assert.notEqual(two.data[0].b64_json, two.data[1].b64_json);
assert.equal(two.size, "32x32");
assert.ok(two.created > 1.7e9);

const linked = await client.images.generate({ prompt: "a whale", response_format: "url", output_format: "jpeg" });
const file = await fetch(linked.data[0].url);
assert.equal(file.headers.get("content-type"), "image/jpeg");
assert.ok((await file.arrayBuffer()).byteLength > 0);

const types = [];
let image;
for await (const event of await client.images.generate({ prompt: "a whale moves slowly", stream: true, partial_images: 2 })) {
  types.push(event.type);
  if (event.type === "image_generation.partial_image") {
    assert.equal(Buffer.from(event.b64_json, "base64").toString(), "a preview");
    assert.equal(event.partial_image_index, types.length - 1);
    console.log("seen");
  } else {
    image = Buffer.from(event.b64_json, "base64");
  }
}
assert.ok(types.length >= 2 && types.length <= 3, String(types));
assert.equal(types.at(-1), "image_generation.completed");
assert.ok(image.length > 0);

const wrong = await client.images.generate({ prompt: "a whale", size: "1024x1024" }).catch(error => error);
assert.ok(wrong instanceof OpenAI.BadRequestError, String(wrong));
assert.equal(wrong.param, "size");
console.log("all is well");
