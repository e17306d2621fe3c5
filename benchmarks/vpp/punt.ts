// Registers a punt socket with a VPP, until stdin ends: UDP to a port goes to FOLDER/client.
//   punt.js API FOLDER
// Makes FOLDER/vpp, by which the receiver finds VPP's own socket.
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { Commands, NUMBER } from "./commands.js";

const [api, folder] = process.argv.slice(2) as [string, string];
const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: NUMBER } as const;
const punt = { type: "PUNT_API_TYPE_L4", punt: { l4 } } as const;
const { vpp } = await Commands.connect(api);
const { pathname } = await vpp.call("punt_socket_register", {
  ...{ header_version: 1, punt, pathname: join(folder, "client") },
});
symlinkSync(pathname, join(folder, "vpp"));
console.log("ready");
process.stdin.resume().once("end", async () => {
  // A VPP of ours ends at the same time.
  await vpp.call("punt_socket_deregister", { punt }).catch(() => {});
  await vpp.close();
});
