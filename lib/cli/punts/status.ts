// A punt as commands show it: one shape for every table and every JSON.
import { failureText, idText, type PuntFailure, type PuntId, type PuntStatus } from "../../punt/index.js";
import { json, stateColor, table, yaml } from "../output/index.js";

/** One punt of `list --json`, `apply --json` and the others. Fields are only added within a major version. */
export interface ShownPunt {
  /** The host in etcd; absent for the punts of one daemon or one store. */
  readonly host?: string;
  readonly id: PuntId;
  readonly type: string;
  readonly interconnect: string;
  readonly state: string;
  /** Why the punt is not CREATED, or not wholly, or perhaps not any more. */
  readonly reasons: readonly string[];
  readonly missing: PuntStatus["missing"];
  readonly degraded: PuntStatus["reasons"];
  readonly failure?: PuntStatus["failure"];
  readonly request: PuntStatus["request"];
  /** Has the data that a CNF needs to attach. */
  readonly metadata: PuntStatus["metadata"];
}

/** Returns sentences that say why a punt is not CREATED, or perhaps not any more. */
function reasonsOf({ missing, failure, reasons }: PuntStatus): string[] {
  const failed = failure ? [`${failureText(failure)} (${codeOf(failure)})`] : missing.map(({ text }) => text);
  return [...failed, ...reasons.map(({ text, remedy }) => (remedy ? `${text}; ${remedy}` : text))];
}

function codeOf({ code, number }: PuntFailure): string {
  return number === undefined ? code : `${code} ${number}`;
}

/** Returns the punt in the shape that every command prints. */
export function shownPunt(status: PuntStatus, host?: string): ShownPunt {
  const { id, request, state, missing, reasons, failure, metadata } = status;
  // A request that this version does not know has the punt's name only.
  const { type = metadata.type, interconnect = "" } = request as Partial<PuntStatus["request"]>;
  const basis = { id, type, interconnect, state, reasons: reasonsOf(status), missing, degraded: reasons };
  return { ...(host !== undefined && { host }), ...basis, ...(failure && { failure }), request, metadata };
}

/** Returns the interface, the socket or the device that a punt's packets come from, and where they go. */
function wayOf({ metadata }: ShownPunt): string {
  const ways = metadata.interconnects.map(({ vppSelector, attachment }) => {
    if (attachment.kind === "memif") return `${vppSelector} -> ${attachment.socket}`;
    if (attachment.kind === "af-unix") return `${vppSelector} -> ${attachment.path}`;
    return `${vppSelector} -> ${attachment.name}${attachment.namespace ? ` in ${attachment.namespace}` : ""}`;
  });
  return ways.join(", ");
}

function statusTable(punts: readonly ShownPunt[], wide: boolean): string {
  const hasHosts = punts.some(({ host }) => host !== undefined);
  const rows = punts.map((punt) => {
    const { id, type, interconnect, state, reasons } = punt;
    const way = wide ? [wayOf(punt)] : [];
    return [...(hasHosts ? [punt.host] : []), idText(id), type, interconnect, state, ...way, reasons.join(", ")];
  });
  const [host, way] = [hasHosts ? ["HOST"] : [], wide ? ["WAY"] : []];
  const headings = [...host, "PUNT", "TYPE", "INTERCONNECT", "STATE", ...way, "REASON"];
  const stateColumn = headings.indexOf("STATE");
  const color = (text: string, column: number) => (column === stateColumn ? stateColor(text) : undefined);
  return table(headings, rows, { color, ...(wide && { width: Number.POSITIVE_INFINITY }) });
}

/** Returns punts, and other results of a command, in one of the formats of `-o`. */
export function statusText(punts: readonly ShownPunt[], format: string, others: object = {}): string {
  if (format === "json") return json({ punts, ...others });
  if (format === "yaml") return yaml({ punts, ...others });
  return punts.length === 0 ? "no punts" : statusTable(punts, format === "wide");
}
