// The programs and the file in examples/.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { loadRequests } from "../../lib/index.js";
import { examples, runExample } from "../support/examples.js";

for (const name of examples) {
  test(`examples/${name}.ts does its work on the embedded VPP`, (t) => runExample(t, name));
}

test("an example runs in a clone as the README says", (t) => {
  const [, file] = /`npm run build && node (dist\/examples\/[\w-]+\.js)`/.exec(readFileSync("README.md", "utf8"))!;
  t.is(spawnSync(process.execPath, [file!], { timeout: 60_000 }).status, 0);
});

test("examples/statistics.ts ends with an error where there is no VPP", (t) => {
  const { status, stderr } = spawnSync(process.execPath, ["dist/examples/statistics.js", "/nowhere"], {
    encoding: "utf8",
  });
  t.is(status, 1);
  t.regex(stderr, /\/nowhere/);
});

test("examples/punts.yaml has a valid punt of each type, and the guide shows the same text", async (t) => {
  const requests = await loadRequests("examples/punts.yaml");
  t.is(new Set(requests.map((it) => it.type)).size, 7);
  const [, shown] = /```yaml\n(.*?)```/s.exec(readFileSync("docs/guides.md", "utf8"))!;
  t.true(readFileSync("examples/punts.yaml", "utf8").endsWith(shown!));
});

test("no example is longer than 80 lines", (t) => {
  for (const name of readdirSync("examples").filter((each) => each.endsWith(".ts"))) {
    const lines = readFileSync(`examples/${name}`, "utf8").trimEnd().split("\n").length;
    t.true(lines <= 80, `examples/${name} has ${lines} lines`);
  }
});
