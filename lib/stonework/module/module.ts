// A CNF under StoneWork's punt manager, as programs hold it. What speaks gRPC is loaded when one starts.
import { EventEmitter } from "node:events";
import type { Attachments, AttachOptions, PuntIdInput } from "../../punt/index.js";
import type { LearntPunt } from "./book.js";
import type { StoneWorkAddress, StoneWorkItem, StoneWorkModuleEvents } from "./events.js";
import type { StoneWorkModuleOptions } from "./options.js";
import type { RunningModule } from "./running-module.js";

/** A CNF under StoneWork. */
export class StoneWorkModule extends EventEmitter<StoneWorkModuleEvents> implements AsyncDisposable {
  #running: RunningModule | undefined;

  /**
   * Serves StoneWork's calls, then announces the module by a file in StoneWork's directory.
   *
   * @throws PuntError ERR_OPTION; ERR_STORE_DAMAGED, ERR_STORE_VERSION: the state file; an errno name: an address cannot be listened at, or a
   * file cannot be read or written
   * @example
   * ```ts
   * import { StoneWorkModule } from "vpp-punt/stonework";
   *
   * const cnf = await StoneWorkModule.start({ label: "dns" });
   * cnf.on("punt", ({ id, state }) => {
   *   if (state === "CREATED") cnf.attach(id);
   * });
   * ```
   */
  static async start(options: StoneWorkModuleOptions): Promise<StoneWorkModule> {
    const { RunningModule } = await import("./running-module.js");
    const module = new StoneWorkModule();
    module.#running = await RunningModule.start(options, module);
    return module;
  }

  private constructor() {
    super();
  }

  /** Ports of the services. */
  get ports(): { readonly grpc: number; readonly http: number } {
    return this.#running!.ports;
  }

  /** Where StoneWork is; undefined until it has discovered the module. */
  get stoneWork(): StoneWorkAddress | undefined {
    return this.#running!.stoneWork;
  }

  /** Whether StoneWork's connection is there. A StoneWork that vanished without a word counts for twice `pingInterval` at most. */
  get isConnected(): boolean {
    return this.#running!.isConnected;
  }

  /** The punts that StoneWork announced, INIT and CREATED. */
  get punts(): readonly LearntPunt[] {
    return this.#running!.punts;
  }

  /** The configuration items that StoneWork has set. */
  get items(): readonly StoneWorkItem[] {
    return this.#running!.items;
  }

  /**
   * Opens this CNF's ends of a punt: memif ports and punt sockets. A TAP is a device in the CNF's own namespace.
   *
   * @throws PuntError ERR_NO_SUCH_PUNT: StoneWork has not announced it; of a port that cannot be opened
   */
  attach(id: PuntIdInput, options?: AttachOptions): Attachments {
    return this.#running!.attach(id, options);
  }

  /** Ends the services. The announcing file stays, as StoneWork's own CNFs leave it. */
  close(): Promise<void> {
    return this.#running!.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
