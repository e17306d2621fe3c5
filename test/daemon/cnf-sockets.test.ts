// Sockets of single CNFs: a caller that comes by one is that CNF and no other. A process is pinned by its pidfd.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { attachPathOf } from "../../lib/daemon/cnf-sockets.js";
import { unixCaller } from "../../lib/daemon/identity.js";
import { checkDaemonOptions } from "../../lib/daemon/options.js";
import { peerCredentials } from "../../lib/descriptor/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { daemonTest, ROOT } from "../support/daemon/daemon.js";
import { need } from "../support/need.js";

const UDP = { type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 } } as const;

function folder(t: { teardown(work: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), "vpp-punt-sockets-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("a caller is the CNF of its socket, also as user 0, and gets its descriptors beside it", async (t) => {
  const own = folder(t);
  const sockets = ["dns", "fw"].map((cnf) => ({ cnf, path: join(own, cnf, "manager.sock"), mode: 0o600 }));
  const { connect: asOperator } = await daemonTest(t, { sockets });
  const [dns, fw] = sockets.map(({ path }) => new RemotePunts({ socket: path }));
  t.teardown(() => Promise.all([dns!.close(), fw!.close()]));
  t.is(statSync(sockets[0]!.path).mode & 0o777, 0o600);
  const { operator, caller, rules } = await dns!.info();
  t.false(operator);
  t.is(caller, "unix uid 0 gid 0 by the socket of CNF dns");
  t.deepEqual(rules, ["socket of CNF dns"]);
  await t.throwsAsync(dns!.add({ cnf: "fw", ...UDP } as never), { code: "ERR_POLICY" });
  const { id } = await dns!.add({ cnf: "dns", ...UDP } as never, { waitFor: "CREATED", timeout: 10_000 });
  t.is(await fw!.get(id), undefined);
  t.deepEqual(await fw!.list(), []);
  const ends = await dns!.handovers.ends(id, { have: {}, packets: true });
  t.is(ends.length, 2);
  for (const { descriptor } of ends) descriptor.close();
  t.deepEqual(
    (await (await asOperator(ROOT)).list()).map((punt) => punt.id.cnf),
    ["dns"],
  );
});

test("a policy's rules limit the CNF of a socket, and never widen its rights", async (t) => {
  const own = folder(t);
  const policy = join(own, "policy.yaml");
  const rules = [
    "  - { name: all, match: { uid: 0 }, operator: true }",
    '  - { name: several, match: { uid: 0 }, cnfs: "d*", ports: 53 }',
  ];
  writeFileSync(policy, `rules:\n${rules.join("\n")}\n`);
  const path = join(own, "dns.sock");
  await daemonTest(t, { policy, sockets: [{ cnf: "dns", path }] });
  const dns = new RemotePunts({ socket: path });
  t.teardown(() => dns.close());
  t.false((await dns.info()).operator);
  t.is((await dns.add({ cnf: "dns", ...UDP } as never)).id.cnf, "dns");
  await t.throwsAsync(dns.add({ cnf: "dhcp", ...UDP } as never), { code: "ERR_POLICY" });
  const other = { ...UDP, toHost: { ...UDP.toHost, port: 54 } };
  await t.throwsAsync(dns.add({ cnf: "dns", key: "b", ...other } as never), { code: "ERR_POLICY" });
});

test("bad sockets are refused by name", (t) => {
  const option = (sockets: unknown, message?: RegExp) =>
    t.throws<Error & { details: { option: string } }>(() => checkDaemonOptions({ sockets } as never), {
      code: "ERR_OPTION",
      ...(message && { message }),
    }).details.option;
  const good = { path: "/run/a.sock", cnf: "a" };
  t.is(option({}, /must be a list of \{ path, cnf, mode, owner, group \}$/), "sockets");
  t.is(option([{ ...good, path: "a.sock" }]), "sockets[0].path");
  t.is(option([good, { ...good, cnf: "b" }], /is the path of another socket: \/run\/a.sock$/), "sockets[1].path");
  t.is(option([{ ...good, path: "/run/vpp-punt/manager.sock" }]), "sockets[0].path");
  t.is(option([good, { cnf: "b", path: "/run/a.attach.sock" }]), "sockets[1].path");
  t.is(option([{ ...good, path: `/run/${"a".repeat(95)}.sock` }]), "sockets[0].path", "attach.sock has no room");
  t.is(
    option([{ ...good, cnf: "*" }], /must be a label: 1 to 63 letters, digits, '_', '\.' or '-'$/),
    "sockets[0].cnf",
  );
  t.is(option([{ ...good, cnf: "a".repeat(64) }]), "sockets[0].cnf");
  t.is(option([{ ...good, mode: 0o1000 }]), "sockets[0].mode");
  t.is(option([{ ...good, owner: -1 }]), "sockets[0].owner");
  t.is(option([{ ...good, group: 2 ** 32 - 1 }]), "sockets[0].group");
});

test("the socket for descriptors is beside the socket, under a name of its own unless the socket is manager.sock", (t) => {
  t.is(attachPathOf("/run/cnf/dns/manager.sock"), "/run/cnf/dns/attach.sock");
  t.is(attachPathOf("/run/dns.sock"), "/run/dns.attach.sock");
  t.is(attachPathOf("/run/dns"), "/run/dns.attach.sock");
});

need("root").test("the files belong to the user and the group that the option names", async (t) => {
  const path = join(folder(t), "dns.sock");
  await daemonTest(t, { sockets: [{ cnf: "dns", path, owner: 10_053, group: 10_054, mode: 0o600 }] });
  for (const file of [path, path.replace(".sock", ".attach.sock")]) {
    const { uid, gid, mode } = statSync(file);
    t.deepEqual([uid, gid, mode & 0o777], [10_053, 10_054, 0o600], file);
  }
});

test("a caller whose process has ended is not alive, although its connection is open", async (t) => {
  const path = join(folder(t), "s");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  const accepted = once(server, "connection") as Promise<[Socket]>;
  // The connection goes on in a child of the process that made it.
  const program = `
import os, socket, time
s = socket.socket(socket.AF_UNIX); s.connect(${JSON.stringify(path)})
if os.fork(): os._exit(0)
time.sleep(60)`;
  const child = spawn("python3", ["-c", program], { stdio: ["pipe", "ignore", "inherit"], detached: true });
  t.teardown(() => process.kill(-child.pid!, "SIGKILL"));
  const [socket] = await accepted;
  const caller = unixCaller(socket, { path }, peerCredentials);
  if (child.exitCode === null) await once(child, "exit");
  t.is(caller.pid, child.pid!);
  t.not(caller.isAlive?.(), true);
  const living = connect(path);
  const [own] = (await once(server, "connection")) as [Socket];
  const self = unixCaller(own, { path }, peerCredentials);
  t.is(self.pid, process.pid);
  t.not(self.isAlive?.(), false);
  for (const each of [socket, own, living]) each.destroy();
  await once(own, "close");
  t.not(self.isAlive?.(), true);
});
