// Secrets of memifs and of the TCP door: nowhere in logs, the audit log, metrics, errors, argv, the environment, or a core dump.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { end, main, site, start } from "../support/cli/command.js";
import { freePort } from "../support/free-port.js";

const SPAN = { cnf: "mon", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;

test("a memif's secret is in a punt's metadata and the store, and nowhere else", async (t) => {
  const here = await site(t);
  const socket = here.at("manager.sock");
  const port = await freePort("127.0.0.1");
  const [state, audit] = [here.at("state"), here.at("audit.log")];
  const paths = ["--socket", socket, "--state", state, "--audit", audit, "--http", `127.0.0.1:${port}`];
  const daemon = start(["daemon", "--vpp", here.at("api.sock"), ...paths, ...here.options], {});
  t.teardown(() => end(daemon, "SIGKILL"));
  let log = "";
  for (const stream of [daemon.stdout!, daemon.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  const punts = new RemotePunts({ socket, wait: 60_000 });
  t.teardown(() => punts.close());
  const { metadata } = await punts.add(SPAN, { waitFor: "CREATED" });
  const { attachment } = metadata.interconnects[0]!;
  const secret = attachment.kind === "memif" ? attachment.secret : "";
  t.true(secret.length >= 16);
  t.true(readFileSync(join(state, "punts.json"), "utf8").includes(secret));
  const again = await punts.add({ ...SPAN, direction: "rx" }).catch(({ message, details }) => ({ message, details }));
  const read = (name: string) => readFileSync(`/proc/${daemon.pid}/${name}`, "utf8");
  const shown = {
    error: JSON.stringify(again),
    metrics: await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    argv: read("cmdline"),
    environment: read("environ"),
  };
  t.true(shown.argv.includes(main));
  await punts.delete({ cnf: "mon" });
  await end(daemon, "SIGTERM");
  for (const [where, text] of Object.entries({ ...shown, log, audit: readFileSync(audit, "utf8") })) {
    t.true(text.length > 0, where);
    t.false(text.includes(secret), where);
  }
});

test("the service of systemd dumps no core, and no option of the daemon takes a secret", async (t) => {
  t.regex(readFileSync("deploy/vpp-punt.service", "utf8"), /^LimitCORE=0$/m);
  const help = start(["daemon", "--help"]);
  let text = "";
  help.stdout!.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  await new Promise((resolve) => help.stdout!.once("close", resolve));
  for (const [, option, value] of text.matchAll(/(--\S*(?:key|password|secret|token)\S*) <(\w+)>/g))
    t.is(value, "file", option);
});
