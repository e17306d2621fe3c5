// An option that is undefined has its default, as if it was left out: a program passes on what it may not have.
import test from "ava";
import { checkDaemonOptions } from "../../lib/daemon/options.js";
import { VlanTable } from "../../lib/packet/index.js";
import { checkModuleOptions } from "../../lib/stonework/module/options.js";
import { checkOrchestratorOptions } from "../../lib/stonework/orchestrator/options.js";

const checks: Readonly<Record<string, { check: (options: never) => unknown; base: object; names: readonly string[] }>> =
  {
    daemon: {
      check: checkDaemonOptions,
      base: { vppSocket: "/run/vpp/api.sock" },
      names: [
        ...["socket", "attachSocket", "socketMode", "socketGroup", "sockets", "statsSocket", "state", "etcd", "policy"],
        ...["audit", "tls", "http", "page", "socketDirectory", "watcherPatience", "drainTime", "manager", "logger"],
      ],
    },
    "StoneWork module": {
      check: checkModuleOptions,
      base: { label: "a", address: "127.0.0.1" },
      names: ["directory", "host", "grpcPort", "httpPort", "models", "pingInterval", "logger", "state"],
    },
    "StoneWork orchestrator": {
      check: checkOrchestratorOptions,
      base: { punts: {}, address: "127.0.0.1" },
      names: ["directory", "host", "grpcPort", "httpPort", "netns", "deadline", "pingInterval", "logger", "access"],
    },
  };

for (const [name, { check, base, names }] of Object.entries(checks)) {
  test(`${name}: an option that is undefined has its default`, (t) => {
    const left = check(base as never);
    for (const option of names) t.deepEqual(check({ ...base, [option]: undefined } as never), left, option);
  });
}

test("a table of VLANs has its default size", (t) => {
  t.is(new VlanTable({ capacity: undefined } as never).capacity, new VlanTable().capacity);
});
