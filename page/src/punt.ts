// A punt as the page shows it.
import type { PuntId, PuntRequest } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import type { InterconnectMetadata, PuntStatus } from "../../lib/wire/gen/vpp_punt/v1/status_pb.js";
import { History } from "./history.js";
import { causeOf, idText, interconnectText, type StateName, stateName, typeText } from "./text.js";

/** An end of a punt: the interconnect that its packets take. */
export interface End {
  /** TAP, MEMIF or AF_UNIX. */
  readonly type: string;
  /** VPP's interface, or the path of the socket. */
  readonly name: string;
}

export interface Punt {
  readonly key: string;
  readonly id: PuntId;
  readonly name: string;
  readonly type: string;
  readonly state: StateName;
  readonly cause: string;
  /** VPP's interfaces that the packets come from; empty for packets of VPP's own stack. */
  readonly places: readonly string[];
  /** The packets that a punt of VPP's own stack takes: "UDP 53". */
  readonly matter: string;
  readonly ends: readonly End[];
  readonly netns: string;
  /** Everything that the filter's words look in, in lower case. */
  readonly search: string;
  readonly status: PuntStatus;
  readonly history: History;
}

/** Returns the key of a punt. */
export function keyOf({ cnf, key, label }: PuntId): string {
  return JSON.stringify([cnf, key, label]);
}

/** Returns a punt of its status; `before` is the same punt as it was. */
export function puntOf(status: PuntStatus, before?: Punt): Punt {
  const id = status.id!;
  const request = status.request!;
  const name = idText(id);
  const type = typeText(request);
  const state = stateName(status.state);
  const cause = causeOf(status);
  const places = placesOf(request);
  const matter = matterOf(request);
  const ends = (status.metadata?.interconnects ?? []).map(endOf);
  const words = [name, type, state, cause, matter, ...places, ...ends.flatMap((end) => [end.type, end.name])];
  return {
    ...{ key: keyOf(id), id, name, type, state, cause, places, matter, ends, status },
    netns: netnsOf(request),
    search: words.join(" ").toLowerCase(),
    history: before?.history ?? new History(),
  };
}

function placesOf({ vppInterface, vppInterface1, vppInterface2 }: PuntRequest): string[] {
  return [vppInterface, vppInterface1, vppInterface2].filter((name) => name !== "");
}

function matterOf({ toHost, ipProto, exception, families }: PuntRequest): string {
  if (toHost) return `${toHost.protocol === 2 ? "ICMPv6 type" : "UDP"} ${toHost.port ?? ""}`;
  if (ipProto) return `IP protocol ${ipProto.protocol}`;
  if (exception) return exception.reason;
  return families.length > 0 ? families.map((family) => (family === 2 ? "IPv6" : "IPv4")).join(", ") : "";
}

function endOf({ type, vppInterface, attachment }: InterconnectMetadata): End {
  const kind = attachment?.kind;
  const path = kind?.case === "afUnix" ? kind.value.path : "";
  return { type: interconnectText(type), name: vppInterface?.name ?? path };
}

function netnsOf({ netns }: PuntRequest): string {
  const { case: kind, value } = netns?.namespace ?? { case: undefined, value: "" };
  if (kind === undefined) return "";
  return kind === "name" || kind === "path" ? String(value) : `${kind} ${value}`;
}
