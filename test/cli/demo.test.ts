// `vpp-punt demo`: the demo of the package, which has what it needs.
import { readFileSync } from "node:fs";
import test from "ava";
import { cli } from "../support/cli/command.js";

test("the demo ends well, and prints its result as one object", async (t) => {
  const { status, stdout } = await cli(["demo", "--output", "json"]);
  t.is(status, 0);
  const { ok, cluster } = JSON.parse(stdout) as { ok: boolean; cluster: { step: string }[] };
  t.true(ok);
  t.is(cluster.length, 5);
});

test("the package ships the demo's programs and its capture", (t) => {
  const { files } = JSON.parse(readFileSync("package.json", "utf8")) as { files: string[] };
  t.true(files.includes("dist/examples/demo/*.js") && files.includes("examples/demo/traffic.pcap"));
});
