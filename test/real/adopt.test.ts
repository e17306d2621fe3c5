// Taking over from StoneWork on a real VPP: packets reach the CNFs all the time, their memifs stay connected, and things of others stay.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Memif } from "../../lib/memif/index.js";
import { MemoryStore, PuntManager, type PuntRequestInput, type PuntStatus } from "../../lib/punt/index.js";
import { PuntSocket } from "../../lib/punt-socket/index.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { StoneWorkMade } from "../support/punt/stonework-made.js";
import { Scenario } from "../support/vpp/scenario.js";
import { snapshot } from "../support/vpp/snapshot.js";

const real = need("root", "vpp", "hosts", "plugin:abx").test.serial;

const PINGS = 300;

/** The numbers of the echo requests that a port gets. */
function requestsAt(port: Memif): Set<number> {
  const numbers = new Set<number>();
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) {
      const frame = batch.view(i);
      const isRequest = frame[12] === 8 && frame[13] === 0 && frame[23] === 1 && frame[34] === 8;
      if (isRequest) numbers.add((frame[40]! << 8) | frame[41]!);
    }
  });
  return numbers;
}

function ping(acl: object): object {
  const types = { srcport_or_icmptype_first: 0, srcport_or_icmptype_last: 255 };
  const codes = { dstport_or_icmpcode_first: 0, dstport_or_icmpcode_last: 255 };
  return {
    is_permit: "ACL_ACTION_API_PERMIT",
    proto: 1,
    ...types,
    ...codes,
    tcp_flags_mask: 0,
    tcp_flags_value: 0,
    ...acl,
  };
}

real(
  "a mirror, an ABX and a registration of StoneWork's become ours without the loss of a packet (MEMIF, AF_UNIX)",
  async (t) => {
    const scenario = await Scenario.start(t, { manager: { owner: "vpp-punt", naming: "stonework" } });
    const { network, client } = scenario;
    const { host, vppInterface } = await network.neighbor("10.6.2");
    const requests: PuntRequestInput[] = [
      {
        cnf: "ping",
        type: "ABX",
        interconnect: "MEMIF",
        vppInterface,
        ingressAclRules: [{ protocol: "ICMP", destinationNetwork: "local" }],
      },
    ];
    const other = await network.neighbor("10.6.3");
    requests.push({ cnf: "probe", type: "SPAN", interconnect: "MEMIF", vppInterface: other.vppInterface });
    const socketPath = join(scenario.vpp.directory, "cnf.sock");
    const toHost = { af: "IPV4", protocol: "UDP", port: 4000 } as const;
    requests.push({ cnf: "udp", type: "PUNT_TO_SOCKET", toHost, socketPath });
    const made: PuntStatus[] = [];
    for (const request of requests) made.push(await scenario.add(request));
    for (const { id } of made) await scenario.manager.delete(id);
    await scenario.manager.close();

    const agent = new StoneWorkMade(client);
    // Of others: the agent's own ABX between two interfaces, a registration, and a memif in another folder.
    const rxOther = [other.vppInterface, await agent.indexOf(other.vppInterface)] as [string, number];
    const rx = [vppInterface, await agent.indexOf(vppInterface)] as [string, number];
    await agent.abx(
      rxOther,
      rx,
      "02:fe:00:00:00:01",
      [ping({ src_prefix: "10.99.0.0/24", dst_prefix: "0.0.0.0/0" })],
      7,
    );
    await agent.puntSocket(4001, join(scenario.vpp.directory, "other.sock"));
    const foreign = await scenario.keep();
    await agent.puntSocket(4000, socketPath);
    const [abx, span] = made.map(({ metadata }) => metadata.interconnects[0]!);
    const abxIndex = await agent.interface(abx!);
    await agent.borrow(vppInterface, abxIndex, "10.6.2.0", "10.6.2.255");
    const rule = ping({ src_prefix: "0.0.0.0/0", dst_prefix: "10.6.2.1/32" });
    await agent.abx(rx, [abx!.vppInterface!.name, abxIndex], abx!.cnfInterface!.mac, [rule], 1);
    await agent.span(other.vppInterface, await agent.interface(span!));

    const ports = [await scenario.memif(made[0]!), await scenario.memif(made[1]!)];
    const seen = ports.map(requestsAt);
    const socket = PuntSocket.open({ path: socketPath, vppPath: scenario.vpp.puntSocket });
    t.teardown(() => socket.close());
    socket.receive(() => {});
    const send = `for i in $(seq ${PINGS}); do echo $i > /dev/udp/10.6.2.1/4000; sleep 0.01; done`;
    const datagrams = host.run("bash", "-c", send);
    const pings = [host, other.host].map((from, index) =>
      from.run("ping", "-c", String(PINGS), "-i", "0.01", "-W", "1", `10.6.${2 + index}.1`).catch(() => {}),
    );
    await until("packets", () => seen.every(({ size }) => size > 20));
    const options = { ...scenario.options, store: new MemoryStore() };
    const before = await snapshot(client);
    const lost: PuntRequestInput = { cnf: "lost", type: "SPAN", interconnect: "MEMIF", vppInterface: "none" };
    await t.throwsAsync(PuntManager.adopt(options, [...requests, lost]), { code: "ERR_NOT_READY" });
    t.deepEqual(await snapshot(client), before);
    const shown = await PuntManager.adopt({ ...options, readOnly: true }, requests);
    t.is(shown.taken.filter(({ item }) => item.startsWith("interface/memif-")).length, 2);
    t.is(shown.replaced.length, 3);
    const { taken } = await PuntManager.adopt(options, requests);
    t.log(taken.map(({ item }) => item).join(", "));
    const after = await snapshot(client);
    const again = await PuntManager.adopt(options, requests);
    t.deepEqual([again.taken, again.replaced, again.steps], [[], [], []]);
    t.deepEqual(await snapshot(client), after);
    for (const line of foreign) t.true(after.includes(line), `foreign: ${line}`);
    await scenario.restartManager(options);
    t.deepEqual(
      scenario.manager.list().map(({ id }) => id.cnf),
      ["ping", "probe", "udp"],
    );
    await Promise.all([...pings, datagrams]);
    await sleep(200);
    t.deepEqual(
      seen.map(({ size }) => size),
      [PINGS, PINGS],
    );
    t.is(socket.stats().packets, PINGS);
    t.deepEqual(
      ports.map((port) => port.stats().connects),
      [1, 1],
    );
    await scenario.manager.resync();
    t.is((await scenario.manager.plan()).toString(), "nothing to do");
  },
);
