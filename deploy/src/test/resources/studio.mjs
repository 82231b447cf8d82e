// The page of a real farm in a real browser: studio.mjs CHROMIUM URL [FOLDER for screenshots]
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile, writeFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const [executablePath, address, shots] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--enable-unsafe-swiftshader"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, bypassCSP: true, acceptDownloads: true });
const page = await context.newPage();
const wrong = [];
page.on("pageerror", error => wrong.push(`threw ${error.stack}`));
page.on("console", message => message.type() === "error" && wrong.push(`said ${message.text()}`));
const facts = () => page.textContent(".job .facts");
const shot = name => shots && page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });

/** Fails if axe-core finds a violation of WCAG 2.2 AA. */
async function accessible(what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${what}: ${id} ${nodes.map(node => node.html).join(" ")}`), []);
}

/** Fails if the page is wider than the window, at any width. */
async function fits(name) {
  for (const width of [390, 820, 1440]) {
    await page.setViewportSize({ width, height: 1000 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide at ${width}`);
    await shot(`${name}-${width}`);
  }
}

async function ask(kind, prompt) {
  await page.getByText(kind, { exact: true }).click();
  await page.fill("#prompt", prompt);
  await page.press("#prompt", "Enter");
  await page.waitForFunction(text => document.querySelector(".job h2")?.textContent === text, prompt);
}

/** Waits for the job's end. */
async function made() {
  await page.waitForFunction(() => /^(done|failed|cancelled)/.test(document.querySelector(".job .facts").textContent), null, { timeout: 0 });
  assert.match(await facts(), /^done in .*made by AI/);
}

await page.goto(address);
await page.waitForFunction(() => /^\d+ workers?, \d+ busy$/.test(document.querySelector("#farm").textContent), null, { timeout: 0 });
assert.match(await page.textContent("#nothing"), /Nothing was made here yet/);
await accessible("empty page");

// Words that the model knows are suggested while one is typed, else whole prompts.
await page.getByText("Video: tiles", { exact: true }).click();
await page.fill("#prompt", "a turquoise pengu");
await page.getByRole("button", { name: "penguin", exact: true }).click();
assert.equal(await page.inputValue("#prompt"), "a turquoise penguin ");
await page.fill("#prompt", "");
await page.getByText("Point cloud", { exact: true }).click();
assert.ok(await page.locator("#ideas button", { hasText: "a pine tree" }).isVisible());

// The previews of a long job change while it runs. The only worker is then busy with it.
await page.click("#options summary");
await page.fill("[name=steps]", "1000");
await ask("Video: tiles", "a frog spins over yellow");
const caption = () => document.querySelector(".stage .caption")?.textContent;
await page.waitForFunction(caption, null, { timeout: 0 });
const preview = await page.evaluate(caption);
await page.waitForFunction(before => document.querySelector(".stage .caption").textContent !== before, preview, { timeout: 0 });
const long = page.url().split("#")[1];
await page.fill("[name=steps]", "");

// A clip that waits can be paused, goes on, plays; two of its levels can be wiped; it is known again.
await ask("Video: clips", "a whale moves left over blue");
await page.getByRole("button", { name: "Pause" }).click();
await page.waitForFunction(() => document.querySelector(".facts").textContent.startsWith("paused"));
await accessible("paused job");
await page.selectOption("[name=urgency]", "urgent");
await page.waitForFunction(() => document.querySelector(".facts").textContent.includes("urgent"));
await page.getByRole("button", { name: "Resume" }).click();
await made();
await page.waitForFunction(() => document.querySelector(".stage video")?.currentTime > 0.3);
await shot("video");
await page.getByRole("button", { name: "Compare" }).first().click();
await page.getByRole("slider").fill("30");
assert.equal(await page.locator(".stage video").count(), 2);
await accessible("compared levels");
const [download] = await Promise.all([
  page.waitForEvent("download"),
  page.getByRole("link", { name: "Download MP4" }).click(),
]);
assert.equal(download.suggestedFilename(), "a-whale-moves-left-over-blue-motion.mp4");
const clip = await readFile(await download.path());
await page.setInputFiles("#file", { name: "clip.mp4", mimeType: "video/mp4", buffer: clip });
const known = () => page.waitForFunction(() => document.querySelector("#verdict h2")?.textContent === "This farm made this file.", null, { timeout: 0 });
await known();
await page.getByRole("button", { name: "Close" }).click();
await page.getByRole("button", { name: "Verify" }).click();
await known();
await accessible("verdict");
await page.getByRole("button", { name: "Use its options" }).click();
assert.equal(await page.inputValue("#prompt"), "a whale moves left over blue");
assert.notEqual(await page.inputValue("[name=seed]"), "");
await page.fill("[name=seed]", "");

// The long job is cancelled.
await page.evaluate(id => { location.hash = id; }, long);
await page.waitForFunction(() => document.querySelector(".job h2")?.textContent === "a frog spins over yellow");
await page.getByRole("button", { name: "Cancel", exact: true }).click();
await page.waitForFunction(() => document.querySelector(".facts").textContent.startsWith("cancelled"));

// An image.
await ask("Image", "a snail on a blue background");
await made();
await page.waitForFunction(() => document.querySelector(".stage img")?.naturalWidth === 128);

// An animated image stops and starts.
await page.getByText("Video: clips", { exact: true }).click();
await page.selectOption("[name=format]", "gif");
await ask("Video: clips", "a snail spins over green");
await made();
await page.getByRole("button", { name: "Stop moving" }).click();
await page.waitForFunction(() => document.querySelector(".stage img").src.startsWith("data:"));
await page.getByRole("button", { name: "Play" }).click();
await page.waitForFunction(() => !document.querySelector(".stage img").src.startsWith("data:"));
await page.waitForFunction(() => document.querySelector("#jobs .thumb img")?.src.startsWith("data:"));

// A cloud turns by itself, by the keys, and stops.
await ask("Point cloud", "a pine tree");
await made();
await page.waitForFunction(() => document.querySelector(".stage canvas")?.width > 100);
const view = () => page.evaluate(() => document.querySelector(".stage canvas").toDataURL());
const first = await view();
await page.waitForFunction(before => document.querySelector(".stage canvas").toDataURL() !== before, first);
await page.getByRole("button", { name: "Stop moving" }).click();
const halted = await view();
await page.locator(".stage canvas").focus();
await page.keyboard.press("ArrowLeft");
await page.waitForFunction(before => document.querySelector(".stage canvas").toDataURL() !== before, halted);
const inked = () => page.evaluate(() => {
  const { width, height } = document.querySelector(".stage canvas");
  const data = document.querySelector(".stage canvas").getContext("2d").getImageData(0, 0, width, height).data;
  return data.filter((value, i) => i % 4 === 3 && value > 0).length;
});
/** Waits until the cloud looks otherwise than before; returns how much of the canvas it covers. */
async function after(act) {
  const before = await view();
  await act();
  await page.waitForFunction(was => document.querySelector(".stage canvas").toDataURL() !== was, before);
  return inked();
}
const small = await inked();
assert.ok((await after(() => page.keyboard.press("+"))) > 1.2 * small, "plus enlarges the cloud");
await after(() => page.keyboard.press("0"));
const box = await page.locator(".stage canvas").boundingBox();
const touch = await context.newCDPSession(page);
const fingers = (type, apart) => touch.send("Input.dispatchTouchEvent", {
  type,
  touchPoints: apart.map((x, id) => ({ x: box.x + box.width / 2 + x, y: box.y + box.height / 2, id })),
});
assert.ok(
  (await after(async () => {
    await fingers("touchStart", [-30, 30]);
    await fingers("touchMove", [-60, 60]);
    await fingers("touchEnd", []);
  })) > 1.4 * small,
  "two fingers enlarge the cloud");
await accessible("cloud");
await page.getByRole("button", { name: "Compare", exact: true }).click();
await page.getByRole("slider").fill("60");
assert.equal(await page.locator(".stage canvas").count(), 2);

// Two drafts: one goes on as it is, and then with other words from its picture.
await page.selectOption("[name=count]", "2");
await page.getByText("Video: clips", { exact: true }).click();
await page.fill("#prompt", "a frog moves right over red");
await page.getByRole("button", { name: "2 drafts" }).click();
await page.waitForFunction(() => document.querySelectorAll(".drafts li").length === 2);
const pick = page.getByRole("button", { name: "Go on with this, draft 2" });
await page.waitForFunction(() => document.querySelector(".job .told").textContent === "All drafts are there.", null, { timeout: 0 });
assert.equal(await page.locator(".drafts video").count(), 2);
await accessible("drafts");
await fits("drafts");
await pick.click();
await page.waitForFunction(() => document.querySelector(".job .told")?.textContent.startsWith("It goes on from the level picture"));
await made();
assert.match(await page.textContent(".levels li:nth-child(1)"), /picture.*taken over/);
await shot("went-on");
const finished = await page.textContent(".facts");
await page.getByRole("button", { name: "Go on… from picture" }).click();
await page.fill("#go-on [name=prompt]", "a frog moves left over red");
await accessible("how to go on");
await shot("how-to-go-on");
await page.getByRole("button", { name: "Go on", exact: true }).click();
await page.waitForFunction(() => document.querySelector(".job h2").textContent === "a frog moves left over red");
await made();
assert.equal(/seed \d+/.exec(await facts())[0], /seed \d+/.exec(finished)[0]);

// Two jobs are compared: they play as one, and the address leads to both.
await page.getByRole("button", { name: "Compare with…" }).click();
await page.locator("#jobs .card", { hasText: "a frog moves right over red" }).first().click();
await page.waitForFunction(() => document.querySelectorAll(".pair video").length === 2);
await page.getByRole("button", { name: "Stop moving" }).click();
await page.waitForFunction(() => {
  const [left, right] = document.querySelectorAll(".pair video");
  return left.paused && right.paused && Math.abs(left.currentTime - right.currentTime) < 0.01;
});
await accessible("two jobs");
await fits("two-jobs");
await page.reload();
await page.waitForFunction(() => document.querySelectorAll(".pair video").length === 2);
await page.click("#options summary");

// A job is stopped at a level, long before those above are made.
await page.fill("[name=steps]", "300");
await ask("Video: tiles", "a cat spins over blue");
await page.fill("[name=steps]", "");
await page.getByRole("button", { name: /^Stop and keep/ }).click({ timeout: 0 });
await page.waitForFunction(() => document.querySelector(".job .facts").textContent.startsWith("done"));
assert.match(await page.textContent(".job .refusal"), /told to stop; its result is the level (base|temporal|spatial)$/);

// A farm that does not answer is told, and that it answers again.
await context.setOffline(true);
await page.waitForSelector("#offline:not([hidden])");
await accessible("without a connection");
await context.setOffline(false);
await page.waitForSelector("#offline", { state: "hidden" });

// What is not wanted is deleted.
await page.waitForFunction(() => document.querySelectorAll("#jobs li").length === 10);
const unwanted = page.locator("#jobs li", { hasText: "a frog moves left over red" });
await unwanted.hover();
await unwanted.getByRole("button", { name: "Delete a frog moves left over red" }).click();
await unwanted.getByRole("button", { name: "Delete? a frog" }).click();
await page.waitForFunction(() => document.querySelectorAll("#jobs li").length === 9);
await accessible("gallery");

// A prompt is refused.
await page.fill("#prompt", "");
await page.press("#prompt", "Enter");
await page.waitForSelector("#refusal:not([hidden])");

// A reload keeps the job and the gallery; every width fits.
await page.reload();
await page.waitForFunction(() => document.querySelector(".facts")?.textContent.startsWith("done"));
await page.waitForFunction(() => document.querySelectorAll("#jobs li").length === 9);
await page.fill("#search", "pine");
assert.equal(await page.locator("#jobs li:visible").count(), 1);
await page.fill("#search", "");
await page.locator("#jobs .card").nth(8).click();
await page.waitForFunction(() => document.querySelector(".facts").textContent.startsWith("cancelled"));
await page.locator("#jobs .card").nth(7).click();
await page.waitForFunction(() => document.querySelector(".stage video"));
await fits("width");
await page.emulateMedia({ colorScheme: "dark" });
await accessible("dark page");
await shot("dark");
// The browser logs the refused prompt and the lost connection, which were meant to be.
assert.deepEqual(wrong.filter(text => !/status of 400|INTERNET_DISCONNECTED/.test(text)), []);
await browser.close();
console.log("all is well");
