// Whether the daemons of a host have one VPP: the daemon that acts writes the name by which VPP lists it, and the others look for that name.
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError } from "../errors.js";
import type { VppConnection } from "../punt/index.js";
import type { Etcd, Mirror } from "./etcd/index.js";
import type { Keys } from "./keys.js";
import type { Leadership } from "./leadership.js";

const PAUSE_MS = 500;
/** etcd may keep the name of a daemon that has ended, or whose VPP has restarted, until its lease is over, and looks for that late. */
const AFTER_LEASE_MS = 2_000;

/** The client's name of the daemon that acts, in etcd. */
export class ClientName {
  readonly #etcd: Etcd;
  readonly #keys: Keys;
  readonly #leadership: Leadership;
  #name: string | undefined;
  #written: string | undefined;
  #isWriting = false;
  #closed = false;

  constructor(etcd: Etcd, keys: Keys, leadership: Leadership) {
    this.#etcd = etcd;
    this.#keys = keys;
    this.#leadership = leadership;
  }

  set(name: string | undefined): void {
    this.#name = name;
    if (!this.#isWriting) void this.#write();
  }

  close(): void {
    this.#closed = true;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (!this.#closed && this.#leadership.isGood && this.#written !== this.#name) {
      const name = this.#name;
      if (await this.#writes(name).catch(() => false)) this.#written = name;
      else await sleep(PAUSE_MS);
    }
    this.#isWriting = false;
  }

  /** @returns whether etcd has the name now. etcd may make a write after it was given up, and that must not undo a later one. */
  async #writes(name: string | undefined): Promise<boolean> {
    const { client: key } = this.#keys;
    const { condition, lease, daemon, self } = this.#leadership;
    const modified = (await this.#etcd.get(key))?.modified ?? 0;
    const value = JSON.stringify({ name, daemon, self });
    const write = name === undefined || lease === undefined ? { key } : { key, value, lease };
    return (await this.#etcd.write([condition, { key, modified }], [write])) !== undefined;
  }
}

export interface SameVppOptions {
  readonly vpp: VppConnection;
  readonly mirror: Mirror;
  readonly keys: Keys;
  readonly leadership: Leadership;
  /** Called when VPP proves to be another one. */
  problem(error: PuntError): void;
  /** Called when the finding has changed. */
  changed(): void;
}

/** Looks whether this daemon's VPP lists the daemon that acts. */
export class SameVpp {
  readonly #vpp: VppConnection;
  readonly #mirror: Mirror;
  readonly #keys: Keys;
  readonly #leadership: Leadership;
  readonly #options: SameVppOptions;
  #problem: PuntError | undefined;
  #isLooking = false;
  #closed = false;

  constructor(options: SameVppOptions) {
    const { vpp, mirror, keys, leadership } = options;
    this.#vpp = vpp;
    this.#mirror = mirror;
    this.#keys = keys;
    this.#leadership = leadership;
    this.#options = options;
    vpp.on("connected", this.#onConnected);
    vpp.on("disconnected", this.#onDisconnected);
  }

  /** Why this daemon changes nothing, and does not stand for election; undefined where the VPP is the same, or it is not known. */
  get problem(): PuntError | undefined {
    return this.#problem;
  }

  /** Called after the name in etcd has changed. */
  look(): void {
    if (!this.#isLooking) void this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#vpp.off("connected", this.#onConnected);
    this.#vpp.off("disconnected", this.#onDisconnected);
  }

  readonly #onConnected = (): void => this.look();

  /** The next VPP there may be the right one. */
  readonly #onDisconnected = (): void => this.#judged(false);

  #judged(isOther: boolean): void {
    if (this.#closed || isOther === (this.#problem !== undefined)) return;
    this.#problem = isOther ? otherVpp(this.#vpp, this.#keys.host, this.#leadership.leader?.daemon ?? "") : undefined;
    if (this.#problem) this.#options.problem(this.#problem);
    this.#leadership.bar("other-vpp", isOther);
    this.#options.changed();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    let before: string | undefined;
    let since = performance.now();
    while (this.#name !== undefined && this.#vpp.isConnected) {
      const name = this.#name;
      // Only a name that outlives a lease is that of a daemon which acts now.
      if (name !== before || !this.#mirror.isReached) since = performance.now();
      before = name;
      const isThere = await this.#lists(name);
      if (this.#closed) return;
      if (name !== this.#name) continue;
      const isKept = performance.now() - since > this.#leadership.ttl * 1000 + AFTER_LEASE_MS;
      if (isThere !== undefined && (isThere || isKept)) {
        this.#judged(!isThere);
        break;
      }
      await sleep(PAUSE_MS);
    }
    this.#isLooking = false;
  }

  /** The name of the daemon that acts, if that is another one. A daemon's own name may be older than its VPP's last start. */
  get #name(): string | undefined {
    const entry = this.#closed ? undefined : this.#mirror.get(this.#keys.client);
    try {
      const { name, daemon, self } = entry ? JSON.parse(entry.value) : {};
      // A daemon of an earlier version has its name only. A name may be another daemon's, too.
      const isOwn = self === undefined ? daemon === this.#leadership.daemon : self === this.#leadership.self;
      return typeof name === "string" && !isOwn ? name : undefined;
    } catch {
      return undefined;
    }
  }

  /** @returns undefined if VPP does not say */
  async #lists(name: string): Promise<boolean | undefined> {
    try {
      const { reply } = await this.#vpp.call("cli_inband", { cmd: "show api clients" });
      return reply.split(/\s+/).includes(name);
    } catch {
      return undefined;
    }
  }
}

/** Returns why a daemon whose VPP is another one changes nothing. */
function otherVpp(vpp: VppConnection, host: string, leader: string): PuntError {
  const message =
    `the VPP at ${vpp.endpoint} is not the VPP that ${leader} manages for host ${host}, and daemons of one host have one VPP: ` +
    "give this daemon a host label of its own or the other VPP's socket, and start it again";
  return new PuntError("cluster.vpp", "ERR_OTHER_VPP", message, { host, leader, vpp: vpp.endpoint });
}
