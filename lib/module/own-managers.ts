// The managers of a process's own. The punts that the process opens on one VPP share one.
import type { PuntManager, PuntManagerOptions } from "../punt/index.js";
import type { InterfaceNames } from "./ports.js";

export interface OwnManager {
  readonly manager: PuntManager;
  readonly table: InterfaceNames;
  close(): Promise<void>;
}

type Options = Omit<PuntManagerOptions, "vpp" | "readOnly"> | undefined;

interface Shared {
  readonly opened: Promise<OwnManager>;
  users: number;
}

export class OwnManagers {
  readonly #open: (vppSocket: string, options: Options) => Promise<OwnManager>;
  readonly #shared = new Map<string, Shared>();
  /** The ends of managers that are being closed. The next one of the VPP begins after that: it may have the same store. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(open: (vppSocket: string, options: Options) => Promise<OwnManager>) {
    this.#open = open;
  }

  /** Returns the manager of a VPP, and what gives it back: the last user's `close` closes it. The first user's options hold. */
  use(vppSocket: string, options: Options): { readonly opened: Promise<OwnManager>; close(): Promise<void> } {
    const shared = this.#shared.get(vppSocket) ?? this.#begin(vppSocket, options);
    shared.users++;
    return { opened: shared.opened, close: () => this.#leave(vppSocket, shared) };
  }

  #begin(vppSocket: string, options: Options): Shared {
    const before = this.#ending.get(vppSocket) ?? Promise.resolve();
    const shared = { opened: before.then(() => this.#open(vppSocket, options)), users: 0 };
    this.#shared.set(vppSocket, shared);
    return shared;
  }

  async #leave(vppSocket: string, shared: Shared): Promise<void> {
    if (--shared.users > 0) return;
    this.#shared.delete(vppSocket);
    const closing = shared.opened.then((own) => own.close());
    const ended = closing.catch(() => {});
    this.#ending.set(vppSocket, ended);
    await ended;
    if (this.#ending.get(vppSocket) === ended) this.#ending.delete(vppSocket);
    await closing;
  }
}
