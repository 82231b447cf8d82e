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
await accessible("empty page");

// The previews of a long job change while it runs. The only worker is then busy with it.
await page.click("#options summary");
await page.fill("[name=steps]", "500");
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
  page.getByRole("link", { name: /Download/ }).last().click(),
]);
const clip = await readFile(await download.path());
await page.setInputFiles("#file", { name: "clip.mp4", mimeType: "video/mp4", buffer: clip });
await page.waitForFunction(() => document.querySelector("#verdict h2")?.textContent === "This farm made this file.", null, { timeout: 0 });
await accessible("verdict");
await page.getByRole("button", { name: "Use its options" }).click();
assert.equal(await page.inputValue("#prompt"), "a whale moves left over blue");
assert.notEqual(await page.inputValue("[name=seed]"), "");
await page.fill("[name=seed]", "");

// The long job is cancelled.
await page.evaluate(id => { location.hash = id; }, long);
await page.waitForFunction(() => document.querySelector(".job h2")?.textContent === "a frog spins over yellow");
await page.getByRole("button", { name: "Cancel" }).click();
await page.waitForFunction(() => document.querySelector(".facts").textContent.startsWith("cancelled"));

// An image.
await ask("Image", "a snail on a blue background");
await made();
await page.waitForFunction(() => document.querySelector(".stage img")?.naturalWidth === 128);

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
await accessible("cloud");

// A prompt is refused.
await page.fill("#prompt", "");
await page.press("#prompt", "Enter");
await page.waitForSelector("#refusal:not([hidden])");

// A reload keeps the job and the gallery; every width fits.
await page.reload();
await page.waitForFunction(() => document.querySelector(".facts")?.textContent.startsWith("done"));
await page.waitForFunction(() => document.querySelectorAll("#jobs li").length === 4);
await page.fill("#search", "pine");
assert.equal(await page.locator("#jobs li:visible").count(), 1);
await page.fill("#search", "");
await page.locator("#jobs button").nth(3).click();
await page.waitForFunction(() => document.querySelector(".facts").textContent.startsWith("cancelled"));
await page.locator("#jobs button").nth(2).click();
await page.waitForFunction(() => document.querySelector(".stage video"));
for (const width of [390, 820, 1440]) {
  await page.setViewportSize({ width, height: 1000 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${over} pixels too wide at ${width}`);
  await shot(`width-${width}`);
}
await page.emulateMedia({ colorScheme: "dark" });
await accessible("dark page");
await shot("dark");
// The browser logs an answer of status 400 as an error; the refused prompt is one.
assert.deepEqual(wrong.filter(text => !/status of 400/.test(text)), []);
await browser.close();
console.log("all is well");
