// `vpp-punt demo`: the demo of the package, which has what it needs.
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import test from "ava";
import { cli, start } from "../support/cli/command.js";

test("the demo ends well, and prints its result as one object", async (t) => {
  const { status, stdout } = await cli(["demo", "--output", "json"]);
  t.is(status, 0);
  const { ok, cluster } = JSON.parse(stdout) as { ok: boolean; cluster: { step: string }[] };
  t.true(ok);
  t.is(cluster.length, 5);
});

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGHUP", 129],
] as const) {
  test(`a ${signal} ends the demo with its processes and files, and with the status of the signal`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "vpp-punt-demo-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const demo = start(["demo"], { TMPDIR: folder });
    const errors = text(demo.stderr!);
    let shown = "";
    await new Promise<void>((resolve) => {
      demo.stdout!.on("data", (chunk) => {
        shown += chunk;
        if (shown.includes("both CNFs are ready")) resolve();
      });
    });
    demo.kill(signal);
    t.deepEqual(await once(demo, "exit"), [status, null]);
    t.is(await errors, `vpp-punt: interrupted by ${signal}: nothing is left behind (ERR_INTERRUPTED)\n`);
    t.deepEqual(readdirSync(folder), []);
  });
}

test("the package ships the demo's programs and its capture", (t) => {
  const { files } = JSON.parse(readFileSync("package.json", "utf8")) as { files: string[] };
  t.true(files.includes("dist/demo/*.js") && files.includes("demo/traffic.pcap"));
});
