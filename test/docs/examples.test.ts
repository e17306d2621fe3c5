// The programs and the file in examples/.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import { loadRequests } from "../../lib/index.js";

const folder = new URL("../../examples/", import.meta.url);
const examples = readdirSync(folder).filter((name) => name.endsWith(".js"));

for (const name of examples) {
  test(`examples/${name.replace(/js$/, "ts")} runs and says something`, async (t) => {
    const { error, stdout, stderr } = await new Promise<{ error: Error | null; stdout: string; stderr: string }>(
      (resolve) => {
        execFile(process.execPath, [fileURLToPath(new URL(name, folder))], { timeout: 60_000 }, (failed, out, err) => {
          resolve({ error: failed, stdout: out, stderr: err });
        });
      },
    );
    t.is(error, null, stderr);
    t.regex(stdout, /\S/);
  });
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
