// A punt's life over a manager that a test plays.
import type { ExecutionContext } from "ava";
import { PuntError } from "../../../lib/errors.js";
import type { Backing } from "../../../lib/module/backing.js";
import type { InterfaceNames } from "../../../lib/module/ports.js";
import { type LifeHooks, PuntLife } from "../../../lib/module/punt-life.js";
import {
  type ApplyOptions,
  type ApplyResult,
  type PuntId,
  type PuntRequestInput,
  type PuntState,
  type PuntStatus,
  parseRequest,
  type WatchEvent,
} from "../../../lib/punt/index.js";

export const ID: PuntId = { cnf: "a", key: "", label: "" };

/** A request of that punt; another interface makes another request. */
export const requestFor = (vppInterface = "eth0"): PuntRequestInput => ({
  ...{ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface, direction: "rx" },
});

export function statusOf(state: PuntState, vppInterface = "eth0", id: PuntId = ID): PuntStatus {
  const request = parseRequest({ ...requestFor(vppInterface), ...id });
  const metadata = { id, type: request.type, interconnects: [], caveats: [] };
  return { id, request, state, missing: [], reasons: [], metadata };
}

export function snapshot(punts: readonly PuntStatus[], more: { resync?: true } = {}): WatchEvent {
  return { kind: "snapshot", revision: "1", punts, ...more };
}

export function change(status: PuntStatus, to = status.state): WatchEvent {
  return { kind: "change", revision: "2", event: { id: status.id, from: "INIT", to, cause: "", status } };
}

/** VPP's interfaces: host-eth0 and host-eth1, with the tags eth0 and eth1, and the indexes 1 and 2. */
export const NAMES: InterfaceNames = {
  size: 2,
  find: (name) => {
    const number = /^(?:host-)?eth([01])$/.exec(name)?.[1];
    return number === undefined ? undefined : { swIfIndex: Number(number) + 1, mac: `02:ee:00:00:00:0${number}` };
  },
  has: (index) => index === 1 || index === 2,
  nameOf: (index) => (index === 1 || index === 2 ? `eth${index - 1}` : undefined),
};

export const failure = (code: string, op = "punt.add") => new PuntError(op, code, "no");

/** Gives everything that is due its turns. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => void setImmediate(resolve));
}

/** The calls of a manager, and what it answers. */
export class Played {
  /** Names of the calls with their requests' interfaces, and of the hooks with their arguments. */
  readonly calls: string[] = [];
  readonly fatal: PuntError[] = [];
  readonly away: (PuntError | undefined)[] = [];
  readonly statuses: { readonly status: PuntStatus; readonly isNew: boolean }[] = [];
  readonly watched: { readonly cnf?: string }[] = [];
  add: (request: PuntRequestInput) => Promise<PuntStatus> = async () => statusOf("CREATED");
  /** Makes a punt what a set says. */
  change: (request: PuntRequestInput) => Promise<PuntStatus> = async () => statusOf("CREATED");
  get: () => Promise<PuntStatus | undefined> = async () => undefined;
  delete: () => Promise<void> = async () => {};
  readonly #events: (WatchEvent | Error | "end")[] = [];
  #wake = () => {};

  /** Makes the watch say these next; an error ends it, and "end" too. */
  say(...events: readonly (WatchEvent | Error | "end")[]): Promise<void> {
    this.#events.push(...events);
    this.#wake();
    return settled();
  }

  async *follow(signal: AbortSignal): AsyncIterable<WatchEvent> {
    signal.addEventListener("abort", () => this.#wake());
    for (;;) {
      const next = this.#events.shift();
      if (next === "end") return;
      if (next instanceof Error) throw next;
      if (next) yield next;
      if (signal.aborted) return;
      if (this.#events.length === 0)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** The keeper of punts that plays the manager's part. */
export function backingOf(played: Played, more: Partial<Backing> = {}): Backing {
  const { calls } = played;
  const say = (name: string, request: PuntRequestInput) =>
    calls.push(`${name} ${(request as { vppInterface?: string }).vppInterface}`);
  return {
    punts: {
      add(request: PuntRequestInput) {
        say("add", request);
        return played.add(request);
      },
      async apply({ punts: [request] }: { punts: PuntRequestInput[] }, { keep }: ApplyOptions): Promise<ApplyResult> {
        say(keep ? "change" : "replace all by", request!);
        const result = { added: [], updated: [], unchanged: [], deleted: [], failed: [] };
        return played.change(request!).then(
          (status) => ({ ...result, updated: [status] }),
          (error: PuntError) => ({ ...result, failed: [{ id: ID, error }] }),
        );
      },
      get(id: PuntId) {
        calls.push(`get ${id.cnf}`);
        return played.get();
      },
      async delete(id: PuntId) {
        calls.push(`delete ${id.cnf}`);
        await played.delete();
      },
    },
    interfaces: NAMES,
    replaced: new Promise<never>(() => {}),
    follow(options: { cnf?: string; signal: AbortSignal }) {
      played.watched.push({ cnf: options.cnf! });
      return played.follow(options.signal);
    },
    close: async () => void calls.push("close"),
    ...more,
  } as unknown as Backing;
}

/** A life that is over after the test, and the manager that plays its part. */
export function playedLife(t: ExecutionContext, more: Partial<Backing> = {}): { life: PuntLife; played: Played } {
  const played = new Played();
  const hooks: LifeHooks = {
    onStatus: (status, isNew) => void played.statuses.push({ status, isNew }),
    onAway: (cause) => void played.away.push(cause),
    onFatal: (error) => void played.fatal.push(error),
  };
  const life = new PuntLife(backingOf(played, more), requestFor(), ID, hooks);
  t.teardown(() => life.end());
  return { life, played };
}
