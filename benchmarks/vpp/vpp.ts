// Runs a VPP with loopbacks beside local0 until stdin ends.
//   vpp.js PATH LOOPBACKS    the path of its API socket
import { symlinkSync } from "node:fs";
import { Vpp } from "../../lib/binapi/index.js";
import { startVpp } from "../../test/support/vpp/real.js";

/** Interfaces that fit into a small VPP. */
const MANY = 500;

const [path, loopbacks] = process.argv.slice(2);
const vpp = await startVpp({ pollSleepMicroseconds: 0, isLarge: Number(loopbacks) > MANY });
const client = await Vpp.connect({ socketPath: vpp.apiSocket, schema: "builtin" });
const any = { mac_address: "00:00:00:00:00:00" };
await Promise.all(Array.from({ length: Number(loopbacks) }, () => client.call("create_loopback", any)));
await client.close();
symlinkSync(vpp.apiSocket, path!);
console.log("ready");
process.stdin.resume().once("end", () => void vpp.stop());
