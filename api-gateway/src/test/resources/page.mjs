// The page in a real browser: page.mjs CHROMIUM URL... Says "made ID" and waits until it is made.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [executablePath, ...addresses] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const address of addresses) {
  const page = await browser.newPage();
  const wrong = [];
  const posts = [];
  page.on("pageerror", error => wrong.push(`threw ${error}`));
  page.on("console", message => message.type() === "error" && wrong.push(`said ${message.text()}`));
  page.on("response", answer => answer.status() >= 400 && wrong.push(`${answer.status()} ${answer.url()}`));
  page.on("request", request => {
    if (!request.url().startsWith(address) && !request.url().startsWith("data:")) wrong.push(`asked ${request.url()}`);
    if (request.method() === "POST") posts.push(request.postDataJSON());
  });
  page.on("websocket", socket => {
    if (!socket.url().startsWith(address.replace(/^http/, "ws"))) wrong.push(`watched ${socket.url()}`);
    socket.on("socketerror", error => wrong.push(`watching failed: ${error}`));
  });
  await page.goto(address);
  await page.waitForSelector("#models input");
  await page.waitForFunction(() =>
    document.querySelector("#farm").textContent === "workers are starting (0 of 3 ready)");

  // An Enter that ends an input method's composition is not ours.
  await page.focus("#prompt");
  const keys = await page.context().newCDPSession(page);
  const compose = text =>
    keys.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  await compose("きの");
  await keys.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 });
  await compose("");
  // Safari tells it after the composition, by 229 alone.
  await page.evaluate(() => {
    const event = new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true });
    document.querySelector("#prompt").dispatchEvent(event);
  });
  // Nor is a key for the browser, such as the way back.
  const taken = await page.evaluate(async () => {
    const { Cloud } = await import(new URL("web/cloud.js", document.baseURI));
    const { canvas } = new Cloud();
    return [{}, { altKey: true }, { ctrlKey: true }, { metaKey: true }].map(more => {
      const event = new KeyboardEvent("keydown", { key: "ArrowLeft", cancelable: true, ...more });
      canvas.dispatchEvent(event);
      return event.defaultPrevented;
    });
  });
  assert.deepEqual(taken, [true, false, false, false]);

  // Enter alone submits, once; had an Enter before it, its prompt would be another.
  await page.fill("#prompt", "a whale");
  await page.click("#options summary");
  await page.fill("[name=seed]", "-1");
  const submitted = page.waitForResponse(answer => answer.request().method() === "POST");
  await page.press("#prompt", "Enter");
  const answer = await submitted;
  assert.equal(answer.status(), 202, await answer.text());
  assert.deepEqual(posts.map(({ prompt }) => prompt), ["a whale"]);
  const { id } = await answer.json();
  await page.waitForSelector(".levels li");
  console.log(`made ${id}`);
  await page.waitForFunction(() =>
    document.querySelectorAll(".levels li").length > 1
      && [...document.querySelectorAll(".levels li")].every(level => level.className === "succeeded"));
  const links = await page.$$eval(".levels a[download]", all => all.map(one => one.href));
  assert.equal(links.length, 2);
  for (const link of links) {
    assert.ok(link.startsWith(`${address}v1/jobs/${id}/artifacts/`), link);
    assert.equal((await page.request.get(link)).status(), 200);
  }
  assert.deepEqual(wrong, []);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${addresses.indexOf(address)}.png`, fullPage: true });
  await page.close();
}
await browser.close();
console.log("all is well");
