// The interface Punts over a manager that has events, but neither watch nor apply nor update of its own.
import { randomUUID } from "node:crypto";
import { PuntError } from "../errors.js";
import {
  type AddOptions,
  type ApplyFailure,
  type ApplyOptions,
  type ApplyResult,
  type AttachOptions,
  idKey,
  type PlanChange,
  type PuntEvent,
  type PuntFilter,
  type PuntId,
  type PuntIdInput,
  type PuntManager,
  type PuntRequestInput,
  type PuntSet,
  type PuntStatus,
  type Punts,
  parseRequest,
  type WatchEvent,
  type WatchOptions,
} from "../punt/index.js";

/** Changes that are kept for watchers that come back. */
const KEPT = 10_000;

type Listener = (number: number, event: PuntEvent) => void;

export class ManagedPunts implements Punts {
  readonly #manager: PuntManager;
  readonly #term = randomUUID().slice(0, 8);
  readonly #log: { readonly number: number; readonly event: PuntEvent }[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #ending = new AbortController();
  #number = 0;

  constructor(manager: PuntManager) {
    this.#manager = manager;
    manager.on("state", (event) => {
      this.#number++;
      this.#log.push({ number: this.#number, event });
      if (this.#log.length > KEPT) this.#log.shift();
      for (const listener of this.#listeners) listener(this.#number, event);
    });
  }

  add(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    return this.#manager.add(request, options);
  }

  async update(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    const { cnf, key, label } = parseRequest(request, "request", "punt.update");
    await this.#manager.delete({ cnf, key, label });
    return this.#manager.add(request, options);
  }

  async apply({ cnf, punts }: PuntSet, { keep = false, ...options }: ApplyOptions = {}): Promise<ApplyResult> {
    const requests = punts.map((each, index) => parseRequest({ ...each, cnf }, `punts[${index}]`, "punt.apply"));
    const wanted = new Set(requests.map(idKey));
    const gone = keep ? [] : this.list({ cnf }).filter(({ id }) => !wanted.has(idKey(id)));
    const failed: ApplyFailure[] = [];
    const attempt = async <T>(id: PuntId, body: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await body();
      } catch (error) {
        if (!(error instanceof PuntError)) throw error;
        failed.push({ id, error });
        return undefined;
      }
    };
    const deleted = await Promise.all(gone.map(({ id }) => attempt(id, () => this.#manager.delete(id).then(() => id))));
    const lists = { added: [] as PuntStatus[], updated: [] as PuntStatus[], unchanged: [] as PuntStatus[] };
    const ask = async (request: (typeof requests)[number]) => {
      const id = { cnf, key: request.key, label: request.label };
      const known = this.#manager.get(id);
      const isSame = JSON.stringify(known?.request) === JSON.stringify(request);
      const list = known === undefined ? lists.added : isSame ? lists.unchanged : lists.updated;
      const change = () => (known && !isSame ? this.update(request, options) : this.#manager.add(request, options));
      const status = await attempt(id, change);
      if (status) list.push(status);
    };
    await Promise.all(requests.map(ask));
    return { ...lists, deleted: deleted.filter((id) => id !== undefined), failed };
  }

  delete(id: PuntIdInput): Promise<void> {
    return this.#manager.delete(id);
  }

  get(id: PuntIdInput): PuntStatus | undefined {
    return this.#manager.get(id);
  }

  list({ cnf }: PuntFilter = {}): readonly PuntStatus[] {
    return this.#manager.list().filter(({ id }) => cnf === undefined || id.cnf === cnf);
  }

  plan(change?: PlanChange) {
    return this.#manager.plan(change as never);
  }

  attach(id: PuntIdInput, options?: AttachOptions) {
    return this.#manager.attach(id, options);
  }

  async *watch({ from, cnf, signal }: WatchOptions = {}): AsyncIterable<WatchEvent> {
    const events: WatchEvent[] = this.#past(from, cnf);
    let wake = () => {};
    const listener: Listener = (number, event) => {
      if (cnf === undefined || event.id.cnf === cnf) {
        events.push({ kind: "change", revision: `${this.#term}:${number}`, event });
        wake();
      }
    };
    const either = AbortSignal.any([this.#ending.signal, ...(signal ? [signal] : [])]);
    either.addEventListener("abort", () => wake(), { once: true });
    this.#listeners.add(listener);
    try {
      while (!either.aborted) {
        yield* events.splice(0);
        if (events.length > 0 || either.aborted) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  #past(from: string | undefined, cnf: string | undefined): WatchEvent[] {
    const revision = `${this.#term}:${this.#number}`;
    const [term, text = ""] = from?.split(":") ?? [];
    const number = Number(text);
    const first = this.#log[0]?.number ?? this.#number + 1;
    const isKept = term === this.#term && /^\d+$/.test(text) && number >= first - 1 && number <= this.#number;
    if (isKept) {
      const missed = this.#log.filter((each) => each.number > number && (!cnf || each.event.id.cnf === cnf));
      return missed.map((each) => ({ kind: "change", revision: `${this.#term}:${each.number}`, event: each.event }));
    }
    const punts = this.list(cnf === undefined ? {} : { cnf });
    return [{ kind: "snapshot", revision, punts, ...(from !== undefined && { resync: true as const }) }];
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#manager.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
