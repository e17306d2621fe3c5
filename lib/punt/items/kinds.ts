// The registry of kinds.
import { abfAttach, abfPolicy } from "./abf.js";
import { abxAttach, abxPolicy } from "./abx.js";
import { acl } from "./acl.js";
import { addresses } from "./addresses.js";
import { dhcpClient } from "./dhcp-client.js";
import { dhcpProxy } from "./dhcp-proxy.js";
import { hostAddresses, hostLink } from "./host-link.js";
import { interconnectInterface } from "./interface.js";
import { isisx } from "./isisx.js";
import type { Kind } from "./kind.js";
import type { KindName } from "./kind-names.js";
import { link } from "./link.js";
import { memifSocket, memifSocketFile } from "./memif-socket.js";
import { neighbor } from "./neighbor.js";
import { osiProto } from "./osi-proto.js";
import { proxyArp, proxyArpRange } from "./proxy-arp.js";
import { proxyNd } from "./proxy-nd.js";
import { puntSocket } from "./punt-socket.js";
import { span } from "./span.js";
import { table } from "./table.js";
import { unnumbered } from "./unnumbered.js";
import { veth } from "./veth.js";
import { vrfDevice } from "./vrf-device.js";
import { xconnect } from "./xconnect.js";

/** A name without a kind, or a kind without a name, does not compile. */
// biome-ignore lint/suspicious/noExplicitAny: each kind takes values of its own
const KINDS: { readonly [N in KindName]: Kind<any> } = {
  "memif-socket": memifSocket,
  "memif-socket-file": memifSocketFile,
  veth,
  "vrf-device": vrfDevice,
  interface: interconnectInterface,
  link,
  table,
  addresses,
  unnumbered,
  "proxy-arp-range": proxyArpRange,
  "proxy-arp": proxyArp,
  "proxy-nd": proxyNd,
  neighbor,
  "host-link": hostLink,
  "host-addresses": hostAddresses,
  "dhcp-client": dhcpClient,
  xconnect,
  span,
  acl,
  "abx-policy": abxPolicy,
  "abx-attach": abxAttach,
  "abf-policy": abfPolicy,
  "abf-attach": abfAttach,
  isisx,
  "osi-proto": osiProto,
  "dhcp-proxy": dhcpProxy,
  "punt-socket": puntSocket,
};

/** All kinds, each with its name. */
export const kinds = Object.entries(KINDS) as readonly (readonly [KindName, Kind])[];

/** Returns the kind that an item names. */
export function kindOf({ kind }: { readonly kind: KindName }): Kind {
  return KINDS[kind];
}
