// Registrations of punt sockets.
import type { AddressFamily, Punt } from "../../binapi/index.js";
import { removeStalePuntSocket } from "../../descriptor/index.js";
import { PuntError } from "../../errors.js";
import { isOurPuntSocket } from "../interconnect/index.js";
import type { Facts, Seen } from "./facts.js";
import type { Part } from "./item.js";
import { type ActContext, bothClaims, claimsIn, type Kind, type ObserveContext } from "./kind.js";
import { type HandlerUse, ipProtocolUse, type LocalHandlers, udpPortUse } from "./local-handlers.js";
import { type Note, type Notes, readNote } from "./note.js";
import { protocolNumber } from "./protocol.js";
import { explained, type Refusable } from "./refusal.js";

/** The packets that VPP punts to a socket. */
export type PuntTarget =
  | {
      readonly type: "l4";
      readonly af: Af;
      readonly protocol: "IP_API_PROTO_UDP" | "IP_API_PROTO_ICMP6";
      readonly port: number;
    }
  | { readonly type: "ip-proto"; readonly af: Af; readonly protocol: number }
  | { readonly type: "exception"; readonly reason: string };

type Af = "IPV4" | "IPV6";

interface PuntSocket {
  readonly target: PuntTarget;
  readonly path: string;
  /** Whether packets come to the socket. VPP gives a UDP port or a protocol to the last that asks for it, and the others keep nothing. */
  readonly port: "punts" | "free" | "taken";
  /** Whether VPP has reported its own socket, which it does only in the reply to a registration. */
  readonly vppPathKnown: boolean;
}

/** Returns the key that VPP uses for a registration. */
export function puntTargetKey(target: PuntTarget): string {
  if (target.type === "l4") return `punt-socket/l4/${target.af}/${target.port}`;
  if (target.type === "ip-proto") return `punt-socket/ip-proto/${target.af}/${target.protocol}`;
  return `punt-socket/exception/${target.reason}`;
}

export function puntSocketPart(target: PuntTarget, path: string): Part<PuntSocket> {
  return {
    kind: "punt-socket",
    key: puntTargetKey(target),
    value: { target, path, port: "punts", vppPathKnown: true },
  };
}

/** Returns the registration as it is, if another node of VPP has its port or protocol. To register again, or to deregister, would take it from there. */
export function idlePuntSocket(target: PuntTarget, { seen }: Facts): Part<PuntSocket> | undefined {
  const found = seen.get(puntTargetKey(target)) as Seen<PuntSocket> | undefined;
  if (!found?.ours || found.value.port !== "taken") return undefined;
  return { kind: "punt-socket", key: found.key, value: { ...found.value, target } };
}

/** Returns where VPP lists the handler of the target with this key: a punt of a UDP port has no protocol in its key. */
export function localHandlerOf(key: string): keyof LocalHandlers | undefined {
  if (key.startsWith("punt-socket/l4/")) return "udpPorts";
  return key.startsWith("punt-socket/ip-proto/") ? "ipProtocols" : undefined;
}

/** The note of the path of VPP's own socket, from the reply to a registration. It outlives the registration. */
const INJECT_PATH_NOTE = "punt-inject-path";

/** Returns the path of VPP's own socket, or undefined until VPP has answered a registration. */
export function injectPathOf(notes: Notes): string | undefined {
  return readNote(notes, INJECT_PATH_NOTE, hasPath)?.path;
}

function hasPath(note: Note): note is { path: string } {
  return typeof note.path === "string";
}

/** Returns whether a note is about VPP itself. It stays when the item that it came with is gone. */
export function isNoteOfVpp(key: string): boolean {
  return key === INJECT_PATH_NOTE;
}

/** A registration of a socket. VPP keeps only its path: the store claims ours, and a path that we chose has our mark. */
export const puntSocket: Kind<PuntSocket> = {
  async observe(context) {
    if (!context.vpp.has("punt_socket_dump")) return [];
    const types = ["PUNT_API_TYPE_L4", "PUNT_API_TYPE_IP_PROTO", "PUNT_API_TYPE_EXCEPTION"] as const;
    const [reasons, ...dumps] = await Promise.all([
      reasonNames(context),
      ...types.map((type) => context.vpp.dumpAll("punt_socket_dump", { type })),
    ]);
    return dumps.flat().map(({ punt, pathname }) => seenSocket(context, targetOf(punt, reasons), pathname));
  },

  create: register,

  // A second registration overwrites the first one, with its path.
  update: (context, _seen, value) => register(context, value),

  canUpdate: () => true,

  async delete({ vpp, facts, marks }, { value: { target, path } }) {
    await vpp.call("punt_socket_deregister", { punt: wireTarget(target, facts.puntReasons) });
    if (isOurPuntSocket(marks, path)) removeLeft(path);
  },

  // VPP would take the port or protocol from the node that has it now, for good.
  stays: ({ port }) => port === "taken",

  claim: ({ path }, _marks, seen) => bothClaims(seen?.path ?? path, path),

  dependsOn: () => [],
};

/** Removes the file that a program has left that was killed. A living program's stays, and so does what this user may not remove. */
function removeLeft(path: string): void {
  try {
    removeStalePuntSocket(path);
  } catch {
    // The next program at the path replaces it.
  }
}

async function register({ vpp, facts, note }: ActContext, { target, path }: PuntSocket): Promise<void> {
  const punt = wireTarget(target, facts.puntReasons);
  try {
    const fields = { header_version: 1, punt, pathname: path };
    const reply = await vpp.call("punt_socket_register", fields, { fenced: true });
    note(INJECT_PATH_NOTE, { path: reply.pathname });
  } catch (error) {
    throw explained(error, "punt.socket", /^VPP_UNSPECIFIED$/, refusable(target));
  }
}

/** VPP answers every refusal with UNSPECIFIED. */
function refusable(target: PuntTarget): Refusable {
  const isIcmp6 = target.type === "l4" && target.protocol === "IP_API_PROTO_ICMP6";
  const reasons = [
    "its startup.conf has no section punt { socket <path> }",
    ...(isIcmp6 ? ["it is older than 23.10 and punts no ICMPv6 type"] : []),
  ];
  return { text: "VPP refuses the registration", reasons };
}

/** Returns the use of the port or protocol of a punt. Other punts have none to lose. */
export function targetUse(handlers: LocalHandlers, target: PuntTarget): HandlerUse {
  if (target.type === "ip-proto") return ipProtocolUse(handlers, target.af, target.protocol);
  if (target.type !== "l4" || target.protocol !== "IP_API_PROTO_UDP") return "punts";
  return udpPortUse(handlers, target.af, target.port);
}

function seenSocket(context: ObserveContext, target: PuntTarget, path: string): Seen<PuntSocket> {
  const { claims, marks, notes } = context;
  const key = puntTargetKey(target);
  const use = targetUse(context, target);
  const port = typeof use === "string" ? use : "taken";
  const ours = claimsIn(claims.get(key)).includes(path) || isOurPuntSocket(marks, path);
  // A registration of another owner is not made again for VPP's own path.
  const value = { target, path, port, vppPathKnown: !ours || injectPathOf(notes) !== undefined } as const;
  return { kind: "punt-socket", key, value, ours };
}

/** Returns the names of punt reasons by id. */
async function reasonNames({ vpp }: ObserveContext): Promise<ReadonlyMap<number, string>> {
  const details = await vpp.dumpAll("punt_reason_dump", { reason: { id: 0, name: "" } });
  return new Map(details.map(({ reason }) => [reason.id, reason.name]));
}

function targetOf({ punt: { l4, ip_proto, exception } }: Punt, reasons: ReadonlyMap<number, string>): PuntTarget {
  if (l4) {
    const protocol = l4.protocol === "IP_API_PROTO_ICMP6" ? "IP_API_PROTO_ICMP6" : "IP_API_PROTO_UDP";
    return { type: "l4", af: afOf(l4.af), protocol, port: l4.port };
  }
  if (ip_proto) return { type: "ip-proto", af: afOf(ip_proto.af), protocol: protocolNumber(ip_proto.protocol) };
  return { type: "exception", reason: reasons.get(exception!.id) ?? `#${exception!.id}` };
}

function wireTarget(target: PuntTarget, reasons: ReadonlyMap<string, number>): Punt {
  if (target.type === "l4") {
    return {
      type: "PUNT_API_TYPE_L4",
      punt: { l4: { af: wireAf(target.af), protocol: target.protocol, port: target.port } },
    };
  }
  if (target.type === "ip-proto") {
    return { type: "PUNT_API_TYPE_IP_PROTO", punt: { ip_proto: { af: wireAf(target.af), protocol: target.protocol } } };
  }
  const id = reasons.get(target.reason);
  if (id === undefined) throw new PuntError("punt.socket", "ENOENT", `VPP has no punt reason ${target.reason}`);
  return { type: "PUNT_API_TYPE_EXCEPTION", punt: { exception: { id } } };
}

function wireAf(af: Af): AddressFamily {
  return af === "IPV4" ? "ADDRESS_IP4" : "ADDRESS_IP6";
}

function afOf(af: AddressFamily | number): Af {
  return af === "ADDRESS_IP6" ? "IPV6" : "IPV4";
}
