// Requests, dumps and events of VPP's binary API.
import { PuntError } from "vpp-punt";
import { Vpp } from "vpp-punt/binapi";
import { EmbeddedVpp } from "vpp-punt/sim";

await using sim = await EmbeddedVpp.start();

await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
const { version } = await vpp.call("show_version");
console.log(`VPP ${version}`);

const events = await vpp.subscribe("want_interface_events", {}, "sw_interface_event");
const { sw_if_index } = await vpp.call("create_loopback", { mac_address: "02:fe:00:00:00:01" });
await vpp.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
for await (const { flags } of events) {
  if (!flags.includes("IF_STATUS_API_FLAG_ADMIN_UP")) continue;
  console.log("the loopback is up");
  break;
}

for await (const details of vpp.dump("sw_interface_dump", { name_filter_valid: false, name_filter: "" })) {
  console.log(details.sw_if_index, details.interface_name, details.l2_address);
}

try {
  await vpp.call("delete_loopback", { sw_if_index: 4711 });
} catch (error) {
  if (error instanceof PuntError) console.log(error.code); // VPP's name of it
}
