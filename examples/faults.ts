// The embedded VPP in a test: VPP refuses a message, and the program's own handling of that is what is tested.
import { Vpp } from "vpp-punt/binapi";
import { EmbeddedVpp } from "vpp-punt/sim";

await using sim = await EmbeddedVpp.start({ release: "25.02" });
await sim.addFault({ message: "create_loopback", nth: 2, action: { kind: "refuse", error: "VALUE_EXIST" } });
await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });

await vpp.call("create_loopback", { mac_address: "00:00:00:00:00:00" });
const refused = await vpp.call("create_loopback", { mac_address: "00:00:00:00:00:00" }).catch((error) => error.code);
console.log(refused);

await sim.restart(); // and everything is forgotten
const [, ...loopbacks] = await sim.interfaces();
console.log(`${loopbacks.length} loopbacks after the restart`);
