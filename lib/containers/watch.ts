// The running containers of an engine, kept up to date by its events, also over restarts of the engine.
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import type { RunningContainer } from "./container.js";
import { type Selector, selects } from "./selector.js";
import type { ContainerSource } from "./source.js";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** The socket of Docker or Podman, or that of a runtime of Kubernetes. */
export type EnginePlace = string | { readonly cri: string };

/** An engine loads HTTP, a runtime of Kubernetes the packages that speak gRPC. */
async function engineAt(place: EnginePlace): Promise<ContainerSource> {
  if (typeof place === "string") {
    const { Engine } = await import("./engine.js");
    return new Engine(place);
  }
  const { CriEngine } = await import("./cri.js");
  return new CriEngine(place.cri);
}

/** Follows one engine until it is closed. The event `change`: other containers run, or the engine has come or gone. */
export class ContainerWatch extends EventEmitter<{ change: [] }> {
  readonly path: string;
  readonly #engine: Promise<ContainerSource>;
  readonly #ending = new AbortController();
  #containers = new Map<string, RunningContainer>();
  #problem: PuntError | undefined;
  #isRead = false;
  #isKnown = false;
  readonly #first: Promise<void>;

  constructor(place: EnginePlace) {
    super();
    this.#engine = engineAt(place);
    this.path = typeof place === "string" ? place : place.cri;
    this.#first = new Promise((resolve) => this.once("change", resolve));
    void this.#follow();
  }

  /** Resolves when the containers are known, or the engine has failed to tell. */
  get settled(): Promise<void> {
    return this.#first;
  }

  /** Why the containers are not known; undefined while they are. */
  get problem(): PuntError | undefined {
    return this.#problem;
  }

  /** Whether the engine has listed its containers once. While it is away, its last answer counts. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Returns the running containers that a selector names. */
  find(selector: Selector): RunningContainer[] {
    return [...this.#containers.values()].filter((container) => selects(selector, container));
  }

  close(): void {
    this.#ending.abort();
    void this.#engine.then((engine) => engine.close());
    this.removeAllListeners();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      this.#isRead = false;
      try {
        // The list is read after the subscription: no change falls between the two.
        for await (const id of (await this.#engine).events(signal)) {
          if (id === undefined) await this.#readAll();
          else await this.#read(id);
        }
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(error as PuntError);
        if (this.#isRead) pause = FIRST_PAUSE_MS;
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }

  /** The containers that were known stay: their programs run without the engine too. */
  #fail(error: PuntError): void {
    const isNew = this.#problem?.message !== error.message;
    this.#problem = error;
    if (isNew) guarded(() => void this.emit("change"));
  }

  async #readAll(): Promise<void> {
    const { signal } = this.#ending;
    const engine = await this.#engine;
    const found = new Map<string, RunningContainer>();
    for (const id of await engine.running(signal)) {
      const container = await engine.inspect(id, signal);
      if (container) found.set(id, container);
    }
    const isSame = this.#isRead && this.#problem === undefined && textOf(found) === textOf(this.#containers);
    if (isSame) return;
    this.#containers = found;
    this.#problem = undefined;
    this.#isRead = true;
    this.#isKnown = true;
    guarded(() => void this.emit("change"));
  }

  async #read(id: string): Promise<void> {
    const container = id === "" ? undefined : await (await this.#engine).inspect(id, this.#ending.signal);
    const before = this.#containers.get(id);
    if (JSON.stringify(container) === JSON.stringify(before)) return;
    if (container) this.#containers.set(id, container);
    else this.#containers.delete(id);
    guarded(() => void this.emit("change"));
  }
}

function textOf(containers: ReadonlyMap<string, RunningContainer>): string {
  return JSON.stringify([...containers]);
}
