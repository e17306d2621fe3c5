// Requests over the daemon's gRPC as Python's grpcio makes them, on an embedded VPP.
import { Vpp } from "../../lib/binapi/index.js";
import { openPunt } from "../../lib/module/index.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { pythonRequests } from "../support/daemon/python-requests.js";
import { frame, udpPacket } from "../support/frames.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";

const BOTH = { cnf: "both", type: "PUNT_TO_SOCKET", toHost: { af: "BOTH", protocol: "UDP", port: 5300 } } as const;

const { test } = need("python-grpc");

test("an orchestrator in Python asks for punts, waits for their dependencies, and updates them", async (t) => {
  const { vpp, socket } = await daemonTest(t);
  const client = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(() => client.close());
  await client.call("create_loopback", { mac_address: "02:fb:00:00:00:07" });
  for (const [index, name] of ["eth0", "eth1", "loop0"].entries())
    await vpp.cli(`set interface ip address ${name} 2001:db8:${index}::1/64`);
  await vpp.cli("set interface ip address loop0 10.0.2.1/24");
  await vpp.cli("set interface state loop0 up");
  const sw_if_index = vpp.interface("eth0").swIfIndex;
  await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "uplink" });
  await pythonRequests(t, {
    ...{ socket, interfaces: ["eth0", "eth1", "loop0"], tag: "uplink" },
    makeTable: async () => {
      await client.call("ip_table_add_del", { is_add: true, table: { table_id: 7, is_ip6: false, name: "" } });
    },
  });
  await using both = await openPunt(BOTH, { socket });
  const received = new Set<number>();
  both.receive((batch) => {
    for (let i = 0; i < batch.length; i++) received.add(batch.u8(i, 14) >> 4);
  });
  await both.ready({ timeout: 20_000 });
  const link = { from: "02:aa:00:00:00:01", to: "02:fc:00:00:00:01" };
  for (const ends of [
    { from: "10.0.0.2", to: "10.0.0.1" },
    { from: "2001:db8::2", to: "2001:db8::1" },
  ])
    vpp.interface("eth0").inject(frame(link, udpPacket(ends, [4000, 5300])));
  await until("both families", () => received.size === 2);
  t.deepEqual([...received].sort(), [4, 6]);
});
