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

test("examples/punts.yaml has a valid punt of each type, and is what the guide shows", async (t) => {
  const requests = await loadRequests("examples/punts.yaml");
  t.is(new Set(requests.map((it) => it.type)).size, 7);
  const [, shown] = /```yaml\n(.*?)```/s.exec(readFileSync("docs/guides.md", "utf8"))!;
  t.true(readFileSync("examples/punts.yaml", "utf8").endsWith(shown!));
});

/** Without what differs between an example and its excerpt. */
const squeeze = (text: string) => text.replace(/\s+/g, " ").trim();

for (const file of ["README.md", "docs/binary-api.md"]) {
  test(`the code in ${file} is taken from the examples`, (t) => {
    const sources = readdirSync("examples").filter((name) => name.endsWith(".ts"));
    const texts = sources.map((name) => squeeze(readFileSync(`examples/${name}`, "utf8")));
    const blocks = [...readFileSync(file, "utf8").matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);
    t.true(blocks.length > 0);
    for (const block of blocks) {
      // Parts of one example, with "// ..." where something is left out.
      const parts = block.split("// ...\n").map(squeeze);
      t.true(
        texts.some((text) => parts.every((part) => text.includes(part))),
        block,
      );
    }
  });
}
