// The policy in force: who may do what.

import { contains } from "../../net/index.js";
import { idText, type PuntStatus } from "../../punt/index.js";
import type { Caller, PageCaller, StoneWorkCaller, UnixCaller } from "../identity.js";
import { namesOneOf } from "./certificate-names.js";
import { matchesAny, objectionTo, type Resources } from "./judge.js";
import { Rights } from "./rights.js";
import { loadPolicy, type Rule } from "./schema.js";

/** Rules of the daemon itself, for callers that the policy says nothing of. */
const NO_LIMITS = { operator: false, readOnly: false, cnfs: [] as string[] };

/** Maps callers to rights. Without a file: each user has a space of its own, and uid 0 and the socket's group are operators. */
export class Policy {
  readonly path: string | undefined;
  /** Group of the daemon's socket. */
  readonly #group: number;
  #rules: readonly Rule[] | undefined;
  /** The rules before the last reload. */
  #before: readonly Rule[] = [];
  readonly #listeners = new Set<() => void>();

  private constructor(path: string | undefined, group: number, rules: readonly Rule[] | undefined) {
    this.path = path;
    this.#group = group;
    this.#rules = rules;
  }

  /** @throws PuntError of the file */
  static async load(path: string | undefined, group: number): Promise<Policy> {
    return new Policy(path, group, path === undefined ? undefined : await loadPolicy(path));
  }

  /** Reads the file again. @throws PuntError of the file: the rules stay as they were */
  async reload(): Promise<void> {
    if (this.path === undefined) return;
    const fresh = await loadPolicy(this.path);
    // Rules of a file were read from it before.
    this.#before = this.#rules!;
    this.#rules = fresh;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each reload. @returns a function that ends that */
  onReload(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  rightsOf(caller: Caller): Rights {
    if (caller.kind === "unix" && caller.cnf !== undefined) return this.#rightsAs(caller, caller.cnf);
    if (caller.kind === "stonework" && caller.cnf !== undefined) return this.#rightsOfCnf(caller, caller.cnf);
    if (this.#rules === undefined) return this.#defaultRights(caller);
    return new Rights(
      caller,
      this.#rules.filter(({ match }) => isMatch(match, caller)),
    );
  }

  /** The rights of a caller who came by the socket of a CNF: those of that CNF, and no others. */
  #rightsAs(caller: UnixCaller, cnf: string): Rights {
    const own = [{ ...NO_LIMITS, name: `socket of CNF ${cnf}`, match: { socket: [caller.socket] } }];
    return this.#narrowed(caller, cnf, own);
  }

  /** The rights of a CNF that announced itself in StoneWork's directory. It chooses the paths of its sockets itself. */
  #rightsOfCnf(caller: StoneWorkCaller, cnf: string): Rights {
    return this.#narrowed(caller, cnf, [
      { ...NO_LIMITS, name: `StoneWork's CNF ${cnf}`, match: {}, socketPaths: ["*"] },
    ]);
  }

  /** Returns the rights that the caller's rules give to that CNF, and never the rights of operators. */
  #narrowed(caller: Caller, cnf: string, withoutPolicy: readonly Rule[]): Rights {
    const rules = this.#rules?.filter(
      ({ match, cnfs, operator }) => isMatch(match, caller) && !operator && matchesAny(cnfs, cnf),
    );
    return new Rights(
      caller,
      (rules ?? withoutPolicy).map((rule) => ({ ...rule, cnfs: [cnf] })),
    );
  }

  #defaultRights(caller: Caller): Rights {
    if (caller.kind === "tls") return new Rights(caller, []);
    const operators = [{ ...NO_LIMITS, name: "operators", match: {}, operator: true }];
    if (caller.kind === "stonework") return new Rights(caller, isOwnUser(caller.uid) ? operators : []);
    if (caller.kind === "page") return this.#pageRights(caller, operators);
    if (this.#isOperator(caller)) return new Rights(caller, operators);
    return spaceOf(caller, caller.uid, false);
  }

  /** Every user reaches the page's port, and not every user the socket: the port lets others than operators look at their own space. */
  #pageRights(caller: PageCaller, operators: readonly Rule[]): Rights {
    if (isOwnUser(caller.uid)) return new Rights(caller, operators);
    return caller.uid === undefined ? new Rights(caller, []) : spaceOf(caller, caller.uid, true);
  }

  #isOperator({ uid, gid, groups }: UnixCaller): boolean {
    return uid === 0 || gid === this.#group || groups.includes(this.#group);
  }

  /** Returns a text for each punt that no rule for its CNF allows any more. Interfaces and VRFs are judged when punts are asked for. */
  objectionsTo(punts: readonly PuntStatus[]): string[] {
    return punts.flatMap(({ id, request }) => {
      const isAbout = ({ cnfs, operator }: Rule) => !operator && matchesAny(cnfs, id.cnf);
      const concerned = (this.#rules ?? []).filter(isAbout);
      // An operator may have asked for a punt of a CNF that never had a rule.
      if (concerned.length === 0 && this.#before.some(isAbout))
        return [`the policy has no rule for CNF ${id.cnf} any more: punt ${idText(id)} stays`];
      const objections = concerned.map((rule) =>
        objectionTo(request, { ...rule, interfaces: undefined, vrfs: undefined }, ANYTHING),
      );
      if (concerned.length === 0 || objections.includes(undefined)) return [];
      const why = objections.map((each) => `rule "${each!.rule}" (${each!.field}): ${each!.message}`).join("; ");
      return [`the policy does not allow punt ${idText(id)} any more, which stays: ${why}`];
    });
  }
}

/** The parts of an existing punt that are not judged. */
const ANYTHING: Resources = {
  interfaces: [],
  vrfs: [],
  isVppThere: true,
  ownNamespace: true,
  ownSocket: true,
  count: () => 0,
};

/** The rights of a user in the own space of labels. */
function spaceOf(caller: Caller, uid: number, readOnly: boolean): Rights {
  const space = `u${uid}.`;
  const match = { uid: [uid] };
  return new Rights(
    caller,
    [{ ...NO_LIMITS, readOnly, name: `space of uid ${uid}`, match, cnfs: [`${space}*`] }],
    space,
  );
}

/** Root, or the user whom the daemon runs as. */
function isOwnUser(uid: number | undefined): boolean {
  return uid === 0 || uid === process.getuid!();
}

function isMatch({ uid, gid, socket, san, address }: Rule["match"], caller: Caller): boolean {
  if (caller.kind === "tls") return san !== undefined && caller.names.some((name) => namesOneOf(san, name));
  if (caller.kind === "stonework") {
    const isThere = address?.some((network) => contains(network, caller.address)) ?? false;
    return isThere && (uid === undefined || (caller.uid !== undefined && uid.includes(caller.uid)));
  }
  if (san !== undefined || address !== undefined) return false;
  // The kernel tells the user of a connection, and neither groups nor a socket.
  if (caller.kind === "page")
    return uid !== undefined && gid === undefined && socket === undefined && uid.includes(caller.uid ?? -1);
  const groups = [caller.gid, ...caller.groups];
  return (
    (uid === undefined || uid.includes(caller.uid)) &&
    (gid === undefined || gid.some((each) => groups.includes(each))) &&
    (socket === undefined || matchesAny(socket, caller.socket))
  );
}
