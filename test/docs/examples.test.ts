// The programs and the file in examples/.
import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { loadRequests } from "../../lib/index.js";
import { examples, runExample } from "../support/examples.js";

for (const name of examples) {
  test(`examples/${name}.ts does its work on the embedded VPP`, (t) => runExample(t, name));
}

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
