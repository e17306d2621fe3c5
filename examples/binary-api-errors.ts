// Errors of requests to VPP's binary API, and the trace of them.
import { once } from "node:events";
import { PuntError } from "vpp-punt";
import { type TraceRecord, Vpp } from "vpp-punt/binapi";
import { EmbeddedVpp } from "vpp-punt/sim";

await using sim = await EmbeddedVpp.start();

const log: TraceRecord[] = [];
await using vpp = await Vpp.connect({
  socketPath: sim.apiSocket,
  trace: (record) => log.push(record), // or the name of a file
});
vpp.on("disconnected", (error) => console.log("disconnected:", error.code));
vpp.on("connected", () => console.log("connected again"));

try {
  await vpp.call("sw_interface_set_flags", { sw_if_index: -1, flags: [] });
} catch (error) {
  if (error instanceof PuntError) console.log(error.code, error.details.path); // ERR_INVALID_VALUE sw_if_index
}

// Give up after 50 ms without an answer, or when the signal says so.
await sim.addFault({ message: "show_version", nth: 1, action: { kind: "lose-reply" } });
const abort = new AbortController();
await vpp.call("show_version", {}, { timeout: 50, signal: abort.signal }).catch((error) => console.log(error.code));

const interfaces = await vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
console.log(interfaces.map(({ interface_name }) => interface_name));

const again = once(vpp, "connected");
await sim.restart();
await again;
await vpp.call("control_ping");
console.log(`${log.length} messages, the last of them ${log.at(-1)?.message}`);
