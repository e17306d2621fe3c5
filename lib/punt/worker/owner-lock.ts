// The lock on one owner's objects in a VPP: an API client of VPP whose name says who holds it.
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError } from "../../errors.js";
import type { VppConnection } from "../options.js";
import { type Holder, hashIn, hashOf, holdersIn, MAKE_VPP_NOTICE } from "../reconcile/index.js";
import { NamedClient } from "./named-client.js";

const OP = "punt.lock";
/** Tries even without patience: of managers that come at the same time, one stays, and sees that it is alone at its second or third try. */
const LEAST_TRIES = 4;
const SHORTEST_WAIT = 20;
const MORE_WAIT = 100;
/** Managers that agree with no others on who acts. */
const ALONE = "...";

/**
 * Lets one manager of an owner change a VPP. The manager is a second client of VPP, by a connection of its own. It holds the lock if VPP
 * lists no other client of the owner after it has listed this one: VPP takes messages one after the other, so of two managers at least the
 * later one sees both. A client that is not alone waits to be, or lets go if the other one's name comes before its own. All that managers
 * need in common is VPP: neither a folder, nor a namespace, nor a machine.
 */
export class OwnerLock {
  readonly #vpp: VppConnection;
  readonly #owner: string;
  readonly #ownerHash: string;
  readonly #group: string;
  readonly #client: NamedClient;
  /** A client of another name while this manager waits for the lock. It excludes no other manager: people and `vpp-punt doctor` see it. */
  readonly #waiter: NamedClient;
  /** Whether this client was alone once, so that later ones give way. */
  #isHolder = false;
  /** Whether nothing has happened since VPP listed this client. */
  #isSure = false;

  constructor(vpp: VppConnection, owner: string) {
    this.#vpp = vpp;
    this.#owner = owner;
    this.#ownerHash = hashOf(owner);
    // Daemons of one election have one group.
    this.#group = vpp.election === undefined ? ALONE : hashIn(vpp.election).slice(0, 3);
    const name = `${this.#ownerHash}${this.#group}`;
    this.#client = new NamedClient(`punts:${name}`, () => vpp.registered?.(undefined));
    this.#waiter = new NamedClient(`waits:${name}`);
  }

  /** Asks VPP again before the next change: the connection was lost, and VPP may be another one. */
  doubt(): void {
    this.#isSure = false;
  }

  /**
   * Takes the lock, unless this manager has it. Tries for `patience` milliseconds, because VPP may notice the end of a process a moment late.
   *
   * @throws PuntError `ERR_OWNER_BUSY`: another manager has it, with `details.owner`, and `details.pid` in its own PID namespace; an error of VPP
   */
  async hold(patience: number): Promise<void> {
    const { endpoint } = this.#vpp;
    if (endpoint === undefined || !isSocket(endpoint)) return;
    const end = performance.now() + patience;
    for (let tries = 1; ; tries++) {
      const rival = await this.#try(endpoint);
      if (rival === undefined) return this.#waiter.close();
      await this.#vpp.call("cli_inband", { cmd: MAKE_VPP_NOTICE }).catch(() => {});
      if (tries >= LEAST_TRIES && performance.now() >= end) {
        await this.#release();
        throw busy(this.#owner, rival.pid, endpoint);
      }
      await sleep(SHORTEST_WAIT + Math.random() * MORE_WAIT);
    }
  }

  /** Lets VPP list this manager as waiting, until it has the lock or gives up. */
  async wait(): Promise<void> {
    const { endpoint } = this.#vpp;
    if (endpoint === undefined || this.#waiter.isConnected) return;
    // Without the mark the manager works the same.
    await this.#waiter.connect(endpoint).catch(() => {});
  }

  /** Returns the manager that has the lock, or competes for it; undefined if this one has it. */
  async #try(endpoint: string): Promise<Holder | undefined> {
    if (this.#client.isConnected && this.#isSure) return undefined;
    let { hasThis, rival } = await this.#look();
    if (!hasThis) {
      await this.#release();
      if (rival !== undefined) return rival;
      await this.#client.connect(endpoint);
      ({ hasThis, rival } = await this.#look());
    }
    if (!hasThis) {
      await this.#release();
      throw unlisted(endpoint);
    }
    if (rival !== undefined && !this.#isHolder) {
      // Of managers that came at the same time, the one with the first name stays a client; if all let go, none would have the lock.
      if (rival.name < this.#client.name) await this.#release();
      return rival;
    }
    this.#isHolder = true;
    this.#isSure = true;
    this.#vpp.registered?.(this.#client.name);
    return undefined;
  }

  /** Reads over the manager's own connection, so that both connections are known to lead to one VPP. */
  async #look(): Promise<{ hasThis: boolean; rival: Holder | undefined }> {
    const { reply } = await this.#vpp.call("cli_inband", { cmd: "show api clients" });
    const holders = holdersIn(reply);
    const mine = this.#client.isConnected ? holders.find(({ name }) => name === this.#client.name) : undefined;
    const rivals = holders.filter((holder) => holder !== mine && this.#excludes(holder));
    const rival = rivals.reduce<Holder | undefined>((a, b) => (a && a.name < b.name ? a : b), undefined);
    return { hasThis: mine !== undefined, rival };
  }

  #excludes({ owner, group }: Holder): boolean {
    return owner === this.#ownerHash && (group !== this.#group || group === ALONE);
  }

  /** Lets another manager have the lock, and waits for it no more. */
  async release(): Promise<void> {
    await this.#release();
    await this.#waiter.close();
  }

  async #release(): Promise<void> {
    this.#isHolder = false;
    this.#isSure = false;
    await this.#client.close();
  }
}

/** A connection of another kind, such as shared memory, has no path, and a program's own way to VPP may lead elsewhere. */
function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}

function busy(owner: string, pid: number, vpp: string): PuntError {
  const isLikeThis = pid === process.pid;
  const who = isLikeThis ? `another manager of this process, or process ${pid}` : `process ${pid}`;
  const message =
    `${who} (in its own PID namespace) manages the punts of the owner ${owner} in the VPP at ${vpp}; stop it, ` +
    "or start a daemon (`vpp-punt daemon`) before both, and they ask it, or give this manager an owner and a store of its own";
  return new PuntError(OP, "ERR_OWNER_BUSY", message, { owner, pid, vpp });
}

function unlisted(vpp: string): PuntError {
  const message = `the VPP that the manager is connected to does not list a client that connected to ${vpp}: it may be another VPP`;
  return new PuntError(OP, "ERR_NOT_READY", message, { vpp });
}
