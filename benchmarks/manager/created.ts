// Measures the time from `add` to CREATED on an idle real VPP, for each type and interconnect; prints medians.
// usage: created ROUNDS; prints milliseconds by "<type> <interconnect>". "<type> TAP in Linux" is the part that Linux needed: for `ip`, and
// for the packet sockets that VPP opens for `af_packet_create_v3` if a veth pair replaces the TAP
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { LinuxHost, PuntManager, type PuntRequestInput, type VppConnection } from "../../lib/punt/index.js";
import { startVpp } from "../../test/support/vpp/real.js";
import { median } from "../harness/measure.js";
import { Stopwatch, timed } from "./embedded.js";

const vrf = 1000;

const linux = new Stopwatch();

class TimedHost extends LinuxHost {
  override links(namespace: string) {
    return linux.during(super.links(namespace));
  }

  override change(...args: Parameters<LinuxHost["change"]>) {
    return linux.during(super.change(...args));
  }
}

function timeSockets(connection: VppConnection): void {
  const call = connection.call.bind(connection);
  connection.call = (name, ...rest) => {
    const reply = call(name, ...rest);
    return name === "af_packet_create_v3" ? linux.during(reply) : reply;
  };
}

/** Requests for one punt of each type, without an interconnect. */
function punts(directory: string): PuntRequestInput[] {
  const common = { cnf: "cnf", key: "key" };
  const vppInterface = "loop0";
  const hairpinInterface = { name: "hairpin", ipAddresses: ["10.9.0.1/24"] };
  const toHost = { af: "IPV4", protocol: "UDP", port: 4000 } as const;
  return [
    { ...common, type: "HAIRPIN_XCONNECT", vppInterface1: "loop1", vppInterface2: "loop2" },
    { ...common, type: "HAIRPIN", vppInterface: "loop1", hairpinInterface },
    { ...common, type: "SPAN", vppInterface },
    { ...common, type: "ABX", vppInterface, ingressAclRules: [{ protocol: "OSPF" }], egressAclRules: [{}] },
    { ...common, type: "DHCP_PROXY", vrf, withoutCnfVrf: true },
    { ...common, type: "ISISX", vppInterface },
    { ...common, type: "PUNT_TO_SOCKET", toHost, socketPath: join(directory, "cnf.sock") },
  ] as PuntRequestInput[];
}

const rounds = Number(process.argv[2]);
const directory = await mkdtemp(join(tmpdir(), "vpp-punt-created-"));
const vpp = await startVpp({ pollSleepMicroseconds: 0 });
await vpp.configure(`ip table add ${vrf}`);
for (const name of ["loop0", "loop1", "loop2"]) {
  await vpp.cli("create loopback interface");
  await vpp.configure(`set interface state ${name} up`);
}
await vpp.configure("set interface ip address loop0 10.1.0.1/24");
const client = await Vpp.connect({ socketPath: vpp.apiSocket });
timeSockets(client);
const manager = await PuntManager.start({
  vpp: client,
  host: new TimedHost(),
  owner: `bench-${process.pid}`,
  memifDirectory: join(directory, "memif"),
  resyncInterval: 600_000,
});
await manager.resync();

const result: Record<string, number> = {};
try {
  for (const punt of punts(directory)) {
    const interconnects = punt.type === "PUNT_TO_SOCKET" ? (["AF_UNIX"] as const) : (["MEMIF", "TAP"] as const);
    for (const interconnect of interconnects) {
      const [whole, inLinux]: [number[], number[]] = [[], []];
      for (let round = 0; round <= rounds; round++) {
        linux.milliseconds = 0;
        const ms = await timed(() =>
          manager.add({ ...punt, interconnect } as PuntRequestInput, { waitFor: "CREATED" }),
        );
        // The first round warms up.
        if (round > 0) whole.push(ms);
        if (round > 0) inLinux.push(linux.milliseconds);
        await manager.delete({ cnf: punt.cnf, key: punt.key });
      }
      result[`${punt.type} ${interconnect}`] = median(whole);
      if (interconnect === "TAP") result[`${punt.type} TAP in Linux`] = median(inLinux);
    }
  }
} finally {
  // Linux devices outlive VPP.
  await Promise.allSettled(manager.list().map(({ id }) => manager.delete(id)));
}
console.log(JSON.stringify(result));
await manager.close();
await client.close();
await vpp.stop();
await rm(directory, { recursive: true, force: true });
