// What somebody does who has only the contract: lints it, makes types of it, and compiles a program against them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

function run(program, ...args) {
  const done = spawnSync(`node_modules/.bin/${program}`, args, { encoding: "utf8", env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" } });
  assert.equal(done.status, 0, `${program}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

const contract = await fetch(`${process.argv[2]}/openapi.yaml`);
writeFileSync("openapi.yaml", await contract.text());
const { totals, problems } = JSON.parse(run("redocly", "lint", "--format=json", "openapi.yaml"));
assert.equal(totals.errors, 0, JSON.stringify(problems));

run("openapi-typescript", "openapi.yaml", "-o", "farm.ts");
writeFileSync("program.ts", `
import type { components, paths } from "./farm";
type Job = components["schemas"]["Job"];
const wish: paths["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"] = { prompt: "a whale", kind: "video", webhook: "https://example.com/" };
export async function submit(farm: string): Promise<string> {
  const answer = await fetch(farm + "/v1/jobs", { method: "POST", body: JSON.stringify(wish) });
  const job: Job = await answer.json();
  return job.state === "queued" ? job.id : job.levels[0].name;
}
// @ts-expect-error There is no such kind.
export const wrong: Job["kind"] = "novel";
`);
run("tsc", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "program.ts");
console.log("all is well");
