// One term of the daemon that acts: its manager, the wishes that it follows, the statuses that it writes, and the answers.
import { join } from "node:path";
import { PuntError } from "../errors.js";
import { type PuntEvent, PuntManager, type PuntManagerOptions, type PuntStatus, type Punts } from "../punt/index.js";
import { Acting } from "./acting.js";
import { Answers, type AnswersOptions } from "./answers.js";
import type { ClusterStart } from "./cluster-options.js";
import type { Change } from "./etcd/index.js";
import { FencedVpp, fencedHost } from "./fence.js";
import type { Changes } from "./forwarded.js";
import type { History } from "./history.js";
import { ClientName } from "./same-vpp.js";
import { StatusWriter } from "./status.js";
import { EtcdStore, type EtcdStoreOptions } from "./store.js";
import { Wishes } from "./wishes.js";
import { Writer } from "./writer.js";

export interface TermOptions extends Omit<AnswersOptions, "by" | "written"> {
  readonly history: History;
  readonly manager: Omit<PuntManagerOptions, "store" | "readOnly">;
  readonly remembered: EtcdStoreOptions["remembered"];
  readonly whoAsked: EtcdStoreOptions["whoAsked"];
  /** Returns how changes are made that come by way of etcd. */
  readonly lasting: ClusterStart["lasting"];
  readonly explainer: ClusterStart["explainer"];
  /** The interface that answers questions. It is the daemon's own, which knows who asks. */
  readonly punts: Punts;
  /** Returns a punt's status. Until this manager has looked at VPP, it is the status of an earlier manager. */
  shown(status: PuntStatus): PuntStatus;
  /** Called if VPP has objects that etcd does not know, and this daemon does not know why. */
  halt(error: PuntError): void;
}

export class Term {
  readonly manager: PuntManager;
  readonly writer: Writer;
  /** The calls that change something. */
  readonly acting: Acting;
  readonly #options: TermOptions;
  readonly #vpp: FencedVpp;
  readonly #client: ClientName;
  readonly #statuses: StatusWriter;
  readonly #wishes: Wishes;
  readonly #answers: Answers;
  #isOver = false;

  /** @throws PuntError ERR_ETCD_CONTENT: a record of this host is not what a daemon wrote */
  static async begin(options: TermOptions): Promise<Term> {
    const { etcd, mirror, keys, leadership, history, manager, remembered, whoAsked } = options;
    const writer = new Writer(etcd, mirror, keys, leadership, history);
    const client = new ClientName(etcd, keys, leadership);
    const vpp = new FencedVpp(manager.vpp, leadership, keys.leader, (name) => client.set(name));
    const host = fencedHost(manager.host, manager.vpp, leadership);
    const store = new EtcdStore({ mirror, keys, writer, remembered, whoAsked });
    let started: PuntManager | undefined;
    try {
      started = await PuntManager.start({ ...manager, vpp, host, store });
      if (remembered) await store.save((await store.load())!);
      return new Term(options, started, writer, vpp, store, client);
    } catch (error) {
      vpp.close();
      await started?.close();
      throw error;
    }
  }

  private constructor(
    options: TermOptions,
    manager: PuntManager,
    writer: Writer,
    vpp: FencedVpp,
    store: EtcdStore,
    client: ClientName,
  ) {
    const { etcd, mirror, keys, leadership, problem, punts, asked } = options;
    this.#options = options;
    this.manager = manager;
    this.writer = writer;
    this.#vpp = vpp;
    this.#client = client;
    this.#statuses = new StatusWriter(etcd, keys, leadership, problem);
    const isGood = () => leadership.isGood;
    const looks = { isGood, isOwn: store.isWriting.bind(store), following: store.following.bind(store) };
    const { shown, explainer, lasting = (changes: Changes) => changes } = options;
    const told = { statuses: this.#statuses, shown, asked, problem };
    this.#wishes = new Wishes({ manager, changes: lasting(manager), mirror, keys, ...told, ...looks });
    this.acting = new Acting({ manager, mirror, keys, writer, wishes: this.#wishes });
    const by = { changes: lasting(punts), punts, explainer };
    this.#answers = new Answers({ ...options, by, written: () => this.#statuses.written() });
  }

  /** Takes changes of etcd. */
  changed(changes: readonly Change[], isSnapshot: boolean): void {
    if (this.#isOver) return;
    for (const { key } of changes) {
      this.#wishes.look(key);
      // A snapshot is in the order of the keys.
      if (!isSnapshot) this.#answers.look(key);
    }
    if (!isSnapshot) return;
    this.#answers.lookAtAll();
    this.#statuses.lookAgain();
  }

  /** Writes a punt's status after a change. */
  follow({ id, to, status }: PuntEvent): void {
    if (this.#isOver) return;
    const present = this.manager.get(id);
    if (to === "DELETED" && !present) this.#statuses.delete(id);
    else this.#wishes.tell(present ?? status);
    // There may be a new wish, which came while the punt was being deleted.
    if (to === "DELETED") this.#wishes.look(this.#options.keys.punt("wanted", id));
  }

  /** Ends the term. Steps under way are abandoned: the next daemon reads what is there. */
  async end(): Promise<void> {
    this.#isOver = true;
    const answered = this.#answers.close();
    this.#client.close();
    this.#vpp.close();
    await Promise.all([this.#statuses.close(), this.manager.close(), answered]);
    await this.#wishes.close();
  }

  /** Begins to follow wishes and to answer questions. Call it when the daemon passes its own calls to this term's manager. */
  start(): void {
    this.#statuses.start();
    for (const status of this.manager.list()) this.#wishes.tell(status);
    this.#wishes.lookAtAll();
    this.#answers.lookAtAll();
    if (this.#options.history.isNew) void this.#openWithCare();
    else this.#vpp.open();
  }

  /** A daemon without a memory of etcd looks at VPP first, so that it deletes no objects that etcd has merely forgotten. */
  async #openWithCare(): Promise<void> {
    const { manager, history, leadership, halt, problem } = this.#options;
    while (!this.#isOver && leadership.isGood) {
      try {
        const steps = await this.#deletions();
        if (this.#isOver) return;
        if (steps.length > 0) return halt(strangers(steps));
        history.begin();
        return this.#vpp.open();
      } catch (error) {
        if (manager.vpp.isConnected) problem(error as PuntError);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Returns the items of VPP and Linux that the manager would delete. */
  async #deletions(): Promise<string[]> {
    const { mirror, keys, whoAsked, manager } = this.#options;
    const store = new EtcdStore({ mirror, keys, whoAsked });
    await using reader = await PuntManager.start({ ...manager, readOnly: true, store });
    const { steps } = await reader.plan();
    return steps.filter(({ action }) => action === "delete").map(({ item }) => item);
  }
}

function strangers(items: readonly string[]): PuntError {
  const shown = items.slice(0, 5).join(", ") + (items.length > 5 ? ` and ${items.length - 5} more` : "");
  const message =
    `VPP has objects of this manager that etcd does not know (${shown}), and this daemon does not know why; ` +
    "nothing is changed until an operator decides: see `vpp-punt resume` in docs/cluster.md";
  return new PuntError("cluster.start", "ERR_ETCD_HISTORY", message, { items });
}

/** Returns the file in which a daemon remembers etcd's history. */
export function historyFile(state: string | undefined): string | undefined {
  return state === undefined ? undefined : join(state, "etcd.json");
}
