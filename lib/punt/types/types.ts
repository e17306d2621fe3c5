// The registry of punt types. No other place lists them, except the request schema.
import type { Facts, Missing } from "../items/index.js";
import { addRequestSchema, type PuntRequest, type PuntType, type TypeSchema } from "../request/index.js";
import { abx } from "./abx.js";
import { missingDependencies } from "./dependencies.js";
import { dhcpProxy } from "./dhcp-proxy.js";
import { hairpin } from "./hairpin.js";
import { hairpinXconnect } from "./hairpin-xconnect.js";
import type { Caveat, Reach, TypeHandler } from "./handler.js";
import { isisx } from "./isisx.js";
import { puntToSocket } from "./punt-to-socket.js";
import { span } from "./span.js";
import type { ReceivedFrame, Taking } from "./taking.js";

const handlers = {
  HAIRPIN_XCONNECT: hairpinXconnect,
  HAIRPIN: hairpin,
  SPAN: span,
  ABX: abx,
  PUNT_TO_SOCKET: puntToSocket,
  DHCP_PROXY: dhcpProxy,
  ISISX: isisx,
} satisfies { [T in PuntType]: TypeHandler<Extract<PuntRequest, { type: T }>> };

/** The type of a request picks the handler of exactly that type, which TypeScript cannot follow through the table. */
const registry = new Map(Object.entries(handlers) as unknown as [string, TypeHandler][]);

export function handlerOf(request: PuntRequest): TypeHandler {
  return registry.get(request.type)!;
}

/** Adds a type beside those of the package: its schema, which names it, and its handler. */
export function addPuntType(schema: TypeSchema, handler: TypeHandler): void {
  registry.set(addRequestSchema(schema), handler);
}

/** Returns the things of VPP and of the machine that a request names. */
export function reachOf(request: PuntRequest): Reach {
  return handlerOf(request).reach(request);
}

/** Returns how VPP treats a received frame on account of a punt of which VPP has every item. */
export function takingOf(request: PuntRequest, frame: ReceivedFrame, facts: Facts): Taking {
  const unknown = { stage: "local", treatment: "unknown", why: `the type ${request.type} does not tell` } as const;
  return handlerOf(request).takes?.(request, frame, facts) ?? unknown;
}

/** Returns the things that a punt waits for: the needs of its type, and the dependencies that its caller named. */
export function missingOf(request: PuntRequest, facts: Facts): Missing[] {
  const all = [...handlerOf(request).missing(request, facts), ...missingDependencies(request.dependsOn ?? [], facts)];
  // A missing interface is named once, however many of its properties the punt waits for.
  return [...new Map(all.map((missing) => [missing.text, missing])).values()];
}

/** Returns all remarks on a punt of which VPP has every item. */
export function caveatsOf(request: PuntRequest, facts: Facts): Caveat[] {
  return [
    ...interfacesDown(request, facts),
    ...(handlerOf(request).caveats?.(request, facts) ?? []),
    ...caveatsOfLink(request, facts),
  ];
}

/** Packets come from an interface only while it is up, and its owner decides when that is. */
function interfacesDown(request: PuntRequest, facts: Facts): Caveat[] {
  const found = reachOf(request).interfaces.flatMap((name) => facts.interface(name) ?? []);
  return [...new Set(found)]
    .filter(({ up }) => !up)
    .map(({ vppName }) => ({
      code: "INTERFACE_DOWN",
      text: `interface ${vppName} is down: VPP neither receives nor sends packets there`,
      remedy: `vppctl set interface state ${vppName} up`,
      degrades: true,
    }));
}

const gsoOfMemif: Caveat = {
  code: "NO_GSO",
  text: "GSO is not used: memif has none",
  remedy: "leave out enableGso",
  degrades: false,
};

function caveatsOfLink(request: PuntRequest, { features }: Facts): Caveat[] {
  const { interconnect } = request;
  if (interconnect === "MEMIF" && request.enableGso) return [gsoOfMemif];
  if (interconnect !== "TAP" || features.has("vhost-net")) return [];
  const text = "TAP by a veth pair and af_packet: /dev/vhost-net is missing; GSO is not used";
  return [{ code: "VETH", text, remedy: "give VPP /dev/vhost-net (modprobe vhost_net)", degrades: false }];
}
