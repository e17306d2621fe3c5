// A set of punts: all requests of one CNF, or a change of several CNFs' punts.
import { PuntError } from "../../errors.js";
import {
  idKey,
  idText,
  type PuntId,
  type PuntIdInput,
  type PuntRequest,
  type PuntRequestInput,
  parseCnf,
  parseId,
  parseRequest,
} from "./request.js";

/** All punts of one CNF; or, without `cnf` and with the option `keep`, punts of several CNFs. */
export interface PuntSet {
  readonly cnf?: string;
  /** Requests of that CNF; they may omit `cnf`. */
  readonly punts: readonly (PuntRequestInput | WithoutCnf<PuntRequestInput>)[];
  /** Punts to delete, of that CNF or, without `cnf`, of any. */
  readonly delete?: readonly PuntIdInput[];
}

type WithoutCnf<R> = R extends unknown ? Omit<R, "cnf"> : never;

const OP = "punt.apply";

/** A checked set: its requests, the punts that it deletes by name, and the CNFs whose punts it may change. */
interface ParsedSet {
  readonly requests: PuntRequest[];
  readonly named: PuntId[];
  readonly cnfs: string[];
}

/** Checks a set. @throws PuntError ERR_INVALID_REQUEST */
export function parseSet(set: PuntSet, keep: boolean): ParsedSet {
  const requests = requestsOf(set, keep);
  const named = namedOf(set, requests);
  return { requests, named, cnfs: [set.cnf ?? [], [...requests, ...named].map(({ cnf }) => cnf)].flat() };
}

const NAMES = ["cnf", "punts", "delete"];

/** Checks a set but for its requests and identities. @throws PuntError ERR_INVALID_REQUEST */
export function checkSet(set: PuntSet, keep: boolean): void {
  if (typeof set !== "object" || set === null || Array.isArray(set)) throw invalid("set: an object is expected");
  // A `keep` among its fields would not be heard, and punts would be deleted.
  const unknown = Object.keys(set).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw invalid(`set: ${unknown}: is not a field of a set; they are ${NAMES.join(", ")}`);
  if (set.cnf === undefined && !keep) {
    const message = "set: cnf: is missing; without it, the option keep has to be set";
    throw new PuntError(OP, "ERR_INVALID_REQUEST", message, { field: "cnf" });
  }
  if (set.cnf !== undefined) parseCnf(set.cnf, OP);
  if (!Array.isArray(set.punts)) throw invalid("set: punts: a list of punt requests is expected");
  if (set.delete !== undefined && !Array.isArray(set.delete))
    throw invalid("set: delete: a list of identities is expected");
}

function requestsOf(set: PuntSet, keep: boolean): PuntRequest[] {
  checkSet(set, keep);
  const { cnf } = set;
  const requests = set.punts.map((punt, index) => parseRequest(withCnf(punt, cnf), `punts[${index}]`, OP));
  requireOneCnf({ ...(cnf !== undefined && { cnf }), punts: requests });
  const seen = new Map<string, number>();
  for (const [index, request] of requests.entries()) {
    const first = seen.get(idKey(request));
    if (first !== undefined) throw invalid(`punts[${index}] is punt ${idText(request)}, as punts[${first}] is`);
    seen.set(idKey(request), index);
  }
  return requests;
}

/** Returns a request of the set with the set's CNF, unless it names one. What is not an object stays as it is. */
export function withCnf(punt: PuntSet["punts"][number], cnf: string | undefined): unknown {
  return cnf === undefined || typeof punt !== "object" || punt === null ? punt : { cnf, ...punt };
}

/** Refuses a request of another CNF than the set's. @throws PuntError ERR_INVALID_REQUEST */
export function requireOneCnf({ cnf, punts }: Pick<PuntSet, "cnf" | "punts">): void {
  for (const [index, request] of punts.entries()) {
    const own = "cnf" in request ? request.cnf : undefined;
    if (cnf !== undefined && own !== undefined && own !== cnf)
      throw invalid(`punts[${index}]: cnf: is ${own}, in the set of ${cnf}`);
  }
}

/** Returns the punts that the set deletes by name. */
function namedOf({ cnf, delete: gone = [] }: PuntSet, requests: readonly PuntRequest[]): PuntId[] {
  const listed = new Set(requests.map(idKey));
  const ids = gone.map((input) => parseId(input, OP));
  for (const [index, id] of ids.entries()) {
    if (cnf !== undefined && id.cnf !== cnf) throw invalid(`delete[${index}]: cnf: is ${id.cnf}, in the set of ${cnf}`);
    if (listed.has(idKey(id))) throw invalid(`delete[${index}] is punt ${idText(id)}, which the set lists too`);
  }
  return ids;
}

function invalid(message: string): PuntError {
  return new PuntError(OP, "ERR_INVALID_REQUEST", message);
}
