// Runs a VPP with 20 loopbacks beside local0 until stdin ends.
//   vpp.js PATH    the path of its API socket
import { symlinkSync } from "node:fs";
import { startVpp } from "../../test/support/vpp/real.js";

const INTERFACES = 20;

const vpp = await startVpp({ pollSleepMicroseconds: 0 });
for (let i = 0; i < INTERFACES; i++) await vpp.cli("create loopback interface");
symlinkSync(vpp.apiSocket, process.argv[2]!);
console.log("ready");
process.stdin.resume().once("end", () => void vpp.stop());
