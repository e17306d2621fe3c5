// Requests over the daemon's gRPC as Python's grpcio makes them, on a real VPP, and the packets that they are about.
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/index.js";
import { openPunt } from "../../lib/module/index.js";
import { type PythonCall, python } from "../support/daemon/python.js";
import { pythonRequests } from "../support/daemon/python-requests.js";
import { frame, udpPacket } from "../support/frames.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

const PORT = 5300;
const BOTH = { cnf: "both", type: "PUNT_TO_SOCKET", toHost: { af: "BOTH", protocol: "UDP", port: PORT } } as const;
const SEND = `
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
socket.socket(family, socket.SOCK_DGRAM).sendto(b"hello", (sys.argv[1], ${PORT}))
`;

need("root", "vpp", "hosts", "python3", "python-grpc", "plugin:abx", "plugin:isisx").test.serial(
  "an orchestrator in Python asks a daemon for punts, and packets of both families and those of the CNF come",
  async (t) => {
    const { vpp, network, client } = await Scenario.start(t);
    const host = await network.host();
    const addresses = { addresses: ["10.9.0.2/24", "2001:db8::2/64"], vppAddresses: ["10.9.0.1/24", "2001:db8::1/64"] };
    const first = await network.link(host, addresses);
    for (const [index, name] of ["loop0", "loop1"].entries())
      await vpp.configure(
        "create loopback interface",
        `set interface state ${name} up`,
        `set interface ip address ${name} 10.9.${index + 1}.1/24`,
      );
    const details = await client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
    const { sw_if_index, l2_address } = details.find(({ interface_name }) => interface_name === first)!;
    await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "uplink" });
    const at = (name: string) => join(vpp.directory, name);
    const socket = at("m.sock");
    const daemon = await Daemon.start({
      ...{ socket, vppSocket: vpp.apiSocket, state: at("state"), socketDirectory: at("sockets") },
      manager: { owner: `py-${process.pid}`, memifDirectory: at("py-memif") },
    });
    t.teardown(() => daemon.close());
    const statuses = await pythonRequests(t, {
      ...{ socket, interfaces: [first, "loop0", "loop1"], tag: "uplink" },
      makeTable: () => vpp.configure("ip table add 7"),
    });

    await using both = await openPunt(BOTH, { socket });
    const received = new Set<number>();
    both.receive((batch) => {
      for (let i = 0; i < batch.length; i++) received.add(batch.u8(i, 14) >> 4);
    });
    await both.ready({ timeout: 20_000 });
    for (const address of ["10.9.0.1", "2001:db8::1"]) await host.run("python3", "-c", SEND, address);
    await until("both families", () => received.size === 2);

    const { request } = statuses.get("egress");
    await using cnf = await openPunt({ ...request, cnf: "egress", interconnect: "MEMIF" }, { socket });
    await cnf.ready({ timeout: 20_000 });
    const heard = host.daemon("python3", "-uc", LISTEN);
    await heard.says(/listens/);
    // To VPP's MAC address, as proxy ARP tells the CNF: no egress rule takes it, and VPP routes it.
    const toHost = udpPacket({ from: "10.9.0.1", to: "10.9.0.2" }, [4000, PORT], "of the CNF");
    const { mac: vppMac } = statuses.get("egress").metadata.interconnects[0].vppInterface;
    cnf.send(frame({ from: l2_address, to: vppMac }, toHost));
    await heard.says(/of the CNF/);
    t.pass();
    await client.call("sw_interface_tag_add_del", { is_add: false, sw_if_index, tag: "" });
    await python(socket, ...[...statuses.values()].map(({ id }): PythonCall => ["Delete", { id }]));
  },
);

const LISTEN = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.9.0.2", ${PORT}))
print("listens")
print(s.recv(100))
`;
