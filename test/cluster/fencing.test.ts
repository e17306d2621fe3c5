// A leader that is stopped beyond its lease, and goes on: it changes nothing, and packets run all the time.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { openPunt } from "../../lib/module/index.js";
import { end, start } from "../support/cli/command.js";
import { question } from "../support/daemon/traffic.js";
import { eventually, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";
import { snapshot } from "../support/vpp/snapshot.js";

const { test: withEtcd } = need("etcd", "etcdctl");

class DaemonProcess {
  readonly child: ChildProcess;
  role = "none";

  constructor(t: ExecutionContext, { etcd, directory, vpp }: Members, name: string) {
    const at = ["--socket", join(directory, "manager.sock"), "--state", join(directory, name), "--vpp", vpp.apiSocket];
    const config = ["--config", join(directory, "daemon.yaml"), "--memif-directory", join(directory, "memif")];
    this.child = start(["daemon", ...at, ...config, "--etcd", etcd.url, "--host", "h1"]);
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      for (const [, role] of text.matchAll(/"role":"([a-z-]+)"/g)) this.role = role!;
    });
    t.teardown(async () => {
      this.child.kill("SIGCONT");
      await end(this.child);
    });
  }
}

async function lines({ vpp }: Members): Promise<string[]> {
  await using client = await Vpp.connect({ socketPath: vpp.apiSocket });
  return await snapshot(client);
}

async function pair(t: ExecutionContext) {
  const members = await Members.start(t);
  const { directory } = members;
  const config = { socketDirectory: join(directory, "sockets"), etcd: { lease: 10 } };
  await writeFile(join(directory, "daemon.yaml"), JSON.stringify(config));
  const first = new DaemonProcess(t, members, "a");
  await eventually(() => first.role === "leader");
  const second = new DaemonProcess(t, members, "b");
  await eventually(() => second.role === "standby");
  const dns = await openPunt({ cnf: "dns", udp: 53 }, { socket: join(directory, "manager.sock") });
  t.teardown(() => dns.close());
  await dns.ready();
  const seen = new Set<string>();
  void (async () => {
    for await (const { payload } of dns.packets()) seen.add(Buffer.from(payload!).toString());
  })();
  let sent = 0;
  const timer = setInterval(() => members.vpp.interface("eth0").inject([question(53, `${sent++}`)]), 20);
  t.teardown(() => clearInterval(timer));
  /** Ends the traffic. Resolves with the number of packets when all have come. */
  const allCame = async () => {
    clearInterval(timer);
    await eventually(() => seen.size === sent);
    return sent;
  };
  return { members, first, second, allCame };
}

withEtcd("a leader that is stopped beyond its lease changes nothing when it goes on; no packet is lost", async (t) => {
  const { members, first, second, allCame } = await pair(t);
  first.child.kill("SIGSTOP");
  await eventually(() => second.role === "leader");
  const operator = await members.operator();
  await operator.add(span("added"), { waitFor: "CREATED" });
  const before = await lines(members);
  first.child.kill("SIGCONT");
  await eventually(() => first.role === "standby");
  t.deepEqual(await lines(members), before);
  await operator.delete({ cnf: "added" });
  t.is(second.role, "leader");
  t.true((await allCame()) > 0);
});

withEtcd("a leader that is killed leaves the traffic alone, and the next one too", async (t) => {
  const { members, first, second, allCame } = await pair(t);
  const before = await lines(members);
  const ended = once(first.child, "exit");
  first.child.kill("SIGKILL");
  await ended;
  await eventually(() => second.role === "leader");
  const operator = await members.operator();
  await eventually(async () => (await operator.list()).every(({ state }) => state === "CREATED"));
  t.deepEqual(await lines(members), before);
  t.true((await allCame()) > 0);
});
