// A bump in the wire: everything between two interfaces of VPP goes through this program.
import { join } from "node:path";
import { attach, describeFrame, PuntManager } from "vpp-punt";
import { Vpp } from "vpp-punt/binapi";
import { EmbeddedVpp } from "vpp-punt/sim";

await using sim = await EmbeddedVpp.start({
  interfaces: ["eth0", "eth1"],
  exec: ["set interface state eth0 up", "set interface state eth1 up"],
});

await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
const manager = await PuntManager.start({ vpp, memifDirectory: join(sim.directory, "memif") });
const punt = await manager.add(
  { type: "HAIRPIN_XCONNECT", cnf: "firewall", interconnect: "MEMIF", vppInterface1: "eth0", vppInterface2: "eth1" },
  { waitFor: "CREATED" },
);

using attached = attach(punt.metadata);
const ports = attached.ports.flatMap((port) => (port.kind === "memif" ? [port.memif] : []));
for (const [i, port] of ports.entries()) {
  port.receive((batch) => {
    console.log(describeFrame(batch.view(0)));
    ports[1 - i]!.send(batch);
  });
}
await Promise.all(ports.map((port) => port.peer ?? new Promise((resolve) => port.once("up", resolve))));

const left = new Promise((resolve) => sim.interface("eth1").once("tx", resolve));
// 10.0.0.2 asks for the MAC address of 10.0.0.1.
const ETHERNET = "ffffffffffff020000000002" + "0806";
const ARP = "0001080006040001" + "0200000000020a000002" + "0000000000000a000001";
sim.interface("eth0").inject(Buffer.from(ETHERNET + ARP, "hex"));
await left;
console.log("left by eth1");

await manager.delete(punt.id);
await manager.close();
