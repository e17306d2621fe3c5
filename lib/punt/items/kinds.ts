// All kinds of items by name.
import { abfAttach, abfPolicy } from "./abf.js";
import { abxAttach, abxPolicy } from "./abx.js";
import { acl, mergeAcls } from "./acl.js";
import { addresses } from "./addresses.js";
import { dhcpClient } from "./dhcp-client.js";
import { dhcpProxy } from "./dhcp-proxy.js";
import { hostAddresses, hostLink } from "./host-link.js";
import { interconnectInterface } from "./interface.js";
import { isisx } from "./isisx.js";
import type { Kind } from "./kind.js";
import { link } from "./link.js";
import { memifSocket, memifSocketFile } from "./memif-socket.js";
import { neighbor } from "./neighbor.js";
import { osiProto } from "./osi-proto.js";
import { proxyArp, proxyArpRange } from "./proxy-arp.js";
import { proxyNd } from "./proxy-nd.js";
import { puntSocket } from "./punt-socket.js";
import { mergeSpans, span } from "./span.js";
import { table } from "./table.js";
import { unnumbered } from "./unnumbered.js";
import { veth } from "./veth.js";
import { vrfDevice } from "./vrf-device.js";
import { xconnect } from "./xconnect.js";

const all = [
  ...[memifSocket, memifSocketFile, veth, vrfDevice, interconnectInterface, link, table, addresses, unnumbered],
  ...[proxyArpRange, proxyArp, proxyNd, neighbor, hostLink, hostAddresses, dhcpClient, xconnect, span, acl],
  ...[abxPolicy, abxAttach, abfPolicy, abfAttach, isisx, osiProto, dhcpProxy, puntSocket],
] as unknown as readonly Kind[];

/** Each kind takes values of its own; who handles items of several kinds takes an item's value to the kind it names. */
export const kinds: ReadonlyMap<string, Kind> = new Map(all.map((kind) => [kind.kind, kind]));

export function kindOf({ kind }: { readonly kind: string }): Kind {
  return kinds.get(kind)!;
}

const merges: Readonly<Record<string, (one: never, other: never) => object>> = { acl: mergeAcls, span: mergeSpans };

/** What two punts together want of one item, where its kind can be added up; undefined where it cannot. */
export function mergeValues(kind: string, one: object, other: object): object | undefined {
  return merges[kind]?.(one as never, other as never);
}
