// Options of a daemon that it refuses with a reason: those of its manager that it sets itself, and StoneWork's door to other machines.
import { join } from "node:path";
import test from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { checkDaemonOptions } from "../../lib/daemon/options.js";
import { checkStoneWork, managerUnderStoneWork } from "../../lib/daemon/stonework-options.js";
import { OptionCheck } from "../../lib/options.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const ofManager: readonly [option: string, value: unknown, reason: RegExp][] = [
  ["vpp", {}, /is set by the daemon: option vppSocket names its VPP$/],
  ["store", {}, /is set by the daemon: option state names its folder, or etcd its servers$/],
  ["readOnly", true, /does not go with a daemon; a rule of the policy may be readOnly$/],
];

for (const [option, value, reason] of ofManager) {
  test(`the manager's option ${option} is refused with the reason`, (t) => {
    const error = t.throws(() => checkDaemonOptions({ manager: { [option]: value } as never }), { code: "ERR_OPTION" });
    t.regex(error!.message, reason);
  });
}

test("a daemon with etcd refuses options of its manager at its start, not when it comes to act", async (t) => {
  const folder = socketFolder(t);
  const start = (manager: object) =>
    Daemon.start({
      ...{ socket: join(folder, "manager.sock"), vppSocket: join(folder, "api.sock"), manager },
      etcd: { endpoints: "http://127.0.0.1:1", host: "h1" },
    });
  const unknown = { code: "ERR_OPTION", message: /option manager\.statsSocket does not exist/ };
  await t.throwsAsync(start({ statsSocket: "/run/stats.sock" }), unknown);
  await t.throwsAsync(start({ memifDirectory: "/run/" }), {
    code: "ERR_OPTION",
    message: /option manager\.memifDirectory /,
  });
});

const checked = (host: string | undefined, policy?: string) => () =>
  checkStoneWork(new OptionCheck("daemon.start"), {
    stonework: (host === undefined ? {} : { host }) as never,
    ...(policy !== undefined && { policy }),
  });

test("StoneWork's CNFs of this machine need no policy", (t) => {
  for (const host of [undefined, "localhost", "::1", "127.0.0.1", "127.9.9.9"]) t.notThrows(checked(host), host);
  t.notThrows(() => checkStoneWork(new OptionCheck("daemon.start"), {}));
});

test("StoneWork's CNFs of other machines need a policy", (t) => {
  for (const host of ["10.0.0.1", "0.0.0.0", "::", "127.example.com", "128.0.0.1"]) {
    t.throws(checked(host), { code: "ERR_OPTION", message: /stonework\.host needs a policy/ }, host);
    t.notThrows(checked(host, "/etc/vpp-punt/policy.yaml"), host);
  }
});

test("memif sockets are in StoneWork's directory where the daemon orchestrates its CNFs, and only there", (t) => {
  t.deepEqual(managerUnderStoneWork({}), {});
  t.deepEqual(managerUnderStoneWork({ stonework: {} as never }), { memifDirectory: "/run/stonework/memif" });
  const stonework = { directory: "/srv/cnfs" } as never;
  t.deepEqual(managerUnderStoneWork({ stonework }), { memifDirectory: "/srv/cnfs/memif" });
});

test("a file of the TCP door that has no name is refused by the option that lacks it", (t) => {
  const tls = { host: "127.0.0.1", port: 0, cert: "/c", key: "/k", ca: "/ca" };
  t.notThrows(() => checkDaemonOptions({ tls, policy: "/p" }));
  for (const name of ["cert", "key", "ca", "host"]) {
    const message = new RegExp(`option tls\\.${name} must be at least 1 byte`);
    t.throws(() => checkDaemonOptions({ tls: { ...tls, [name]: "" }, policy: "/p" }), { code: "ERR_OPTION", message });
  }
  t.throws(() => checkDaemonOptions({ tls }), { code: "ERR_OPTION", message: /option tls needs a policy/ });
});
