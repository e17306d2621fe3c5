// Programs that manage VPP themselves, run after run, without a store: VPP and its paths are all that a run leaves to the next.
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { ownBacking } from "../../lib/module/backing.js";
import { type OpenPuntOptions, openPunt } from "../../lib/module/index.js";
import { EmulatedHost, FileStore } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";

interface Runs {
  options(owner?: string): OpenPuntOptions;
  /** The ports that VPP punts, in order. */
  ports(): Promise<number[]>;
}

async function runs(t: ExecutionContext): Promise<Runs> {
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
  const client = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(async () => {
    await client.close();
    await vpp.close();
  });
  const at = (name: string) => join(vpp.directory, name);
  return {
    options: (owner = "vpp-punt") => ({
      ...{ daemon: false, vppSocket: vpp.apiSocket, socketDirectory: at("sockets") },
      manager: { owner, host: new EmulatedHost(vpp), memifDirectory: at(`memif-${owner}`) },
    }),
    async ports() {
      const sockets = await client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" });
      return sockets.map(({ punt }) => punt.punt.l4!.port).sort((a, b) => a - b);
    },
  };
}

test("the next run of a program has its punt socket, and not that of a run that asked for another port", async (t) => {
  const { options, ports } = await runs(t);
  for (const udp of [53, 53, 5300]) {
    await using punt = await openPunt({ cnf: "dns", udp }, options());
    await punt.ready();
    t.is(punt.status.state, "ready");
  }
  await using last = await openPunt({ cnf: "dns", udp: 5300 }, options());
  await last.ready();
  while ((await ports()).length > 1) await sleep(50);
  t.deepEqual(await ports(), [5300]);
});

test("the next run has its DHCP proxy, which carries no mark in VPP", async (t) => {
  const { options } = await runs(t);
  const request = { cnf: "dhcp", type: "DHCP_PROXY", interconnect: "MEMIF", vrf: 0 } as const;
  for (let run = 0; run < 2; run++) {
    await using punt = await openPunt(request, options());
    await punt.ready();
    t.is(punt.status.state, "ready");
  }
});

test("the punt socket of another owner's run is left alone, though it lies in the same folder", async (t) => {
  const { options, ports } = await runs(t);
  await using first = await openPunt({ cnf: "dns", udp: 53 }, options());
  await first.ready();
  await first.close();
  await using refused = await openPunt({ cnf: "dns", udp: 53 }, options("other"));
  while (refused.status.reasons[0]?.code !== "ERR_FOREIGN") await once(refused, "status");
  t.regex(
    refused.status.reasons[0].text,
    /^punt-socket\/l4\/IPV4\/53: another owner, or an operator, made it \(path: [^,]+ -> [^,]+\)$/,
  );
  await using beside = await openPunt({ cnf: "ntp", udp: 54 }, options("other"));
  await beside.ready();
  t.deepEqual(await ports(), [53, 54]);
});

test("a program whose folder for sockets cannot be made leaves no manager behind", async (t) => {
  const { options } = await runs(t);
  const good = options();
  const bad = { ...good, socketDirectory: "/proc/none" };
  await t.throwsAsync(openPunt({ cnf: "dns", udp: 53 }, bad), { message: /cannot make the folder \/proc\/none/ });
  const { vppSocket, socketDirectory, manager } = good;
  const backing = await ownBacking({ vppSocket: vppSocket!, socketDirectory: socketDirectory!, manager: manager! });
  await backing.close();
  const request = { cnf: "dns", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
  await t.throwsAsync(backing.punts.add(request), { code: "ERR_CLOSED" });
});

test("a manager begins after the end of the one before it: they may have one store", async (t) => {
  const { options } = await runs(t);
  const stored = () => {
    const { manager, ...others } = options();
    return { ...others, manager: { ...manager, store: new FileStore(join(others.socketDirectory!, "punts.json")) } };
  };
  const first = await openPunt({ cnf: "dns", udp: 53 }, stored());
  const closing = first.close();
  // Until it has given the manager back.
  for (let turn = 0; turn < 10; turn++) await undefined;
  await using second = await openPunt({ cnf: "dns", udp: 53 }, stored());
  await second.ready();
  t.is(second.status.state, "ready");
  await closing;
});
