// Registers the handlers of all messages.
import { registerAbf } from "./abf.js";
import { registerAcl } from "./acl.js";
import { registerAfPacket } from "./af-packet.js";
import type { ApiContext } from "./context.js";
import { registerCore } from "./core.js";
import { registerDhcp } from "./dhcp.js";
import { registerInterface } from "./interface.js";
import { registerInterfaceEvents } from "./interface-events.js";
import { registerIp } from "./ip.js";
import { registerIpTables } from "./ip-table.js";
import { registerL2 } from "./l2.js";
import { registerLcp } from "./lcp.js";
import { registerLoopback } from "./loopback.js";
import { registerMemif } from "./memif.js";
import { registerProxies } from "./proxies.js";
import { registerPunt } from "./punt.js";
import { registerStoneWork } from "./stonework.js";
import { registerTap, Taps } from "./tap.js";

/** Registers everything that this VPP answers. */
export function registerApi(context: ApiContext): void {
  const taps = new Taps(context);
  registerCore(context);
  registerInterface(context);
  registerInterfaceEvents(context);
  registerLoopback(context);
  registerIp(context);
  registerIpTables(context);
  registerMemif(context);
  registerTap(context, taps);
  registerAfPacket(context);
  registerL2(context);
  registerAcl(context);
  registerStoneWork(context);
  registerAbf(context);
  registerLcp(context, taps);
  registerDhcp(context);
  registerProxies(context);
  registerPunt(context);
}
