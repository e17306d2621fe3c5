// The orchestrator of StoneWork's CNFs, as programs hold it. What speaks gRPC is loaded when one starts.
import type { OrchestratorOptions } from "./options.js";
import type { RunningOrchestrator } from "./running-orchestrator.js";

export class StoneWorkOrchestrator implements AsyncDisposable {
  readonly #running: RunningOrchestrator;

  /**
   * Serves, and watches StoneWork's directory for CNFs. `close` does not close the punts' manager.
   *
   * @throws PuntError ERR_OPTION; ERR_INVALID_FILE: the configuration; ERR_STORE_DAMAGED, ERR_STORE_VERSION: the state file; an errno name:
   * an address cannot be listened at, or a file cannot be read or written
   * @example
   * ```ts
   * import { connectPunts } from "vpp-punt/module";
   * import { StoneWorkOrchestrator } from "vpp-punt/stonework";
   *
   * const punts = await connectPunts();
   * const orchestrator = await StoneWorkOrchestrator.start({ punts, config: "/etc/stonework/config.yaml" });
   * console.log(orchestrator.ports.grpc);
   * ```
   */
  static async start(options: OrchestratorOptions): Promise<StoneWorkOrchestrator> {
    const { RunningOrchestrator } = await import("./running-orchestrator.js");
    return new StoneWorkOrchestrator(await RunningOrchestrator.start(options));
  }

  private constructor(running: RunningOrchestrator) {
    this.#running = running;
  }

  /** Ports of the services. */
  get ports(): { readonly grpc: number; readonly http: number } {
    return this.#running.ports;
  }

  /**
   * Reads the file of configuration again.
   *
   * @throws PuntError of the file: everything stays as it was
   */
  reload(): Promise<void> {
    return this.#running.reload();
  }

  /** Ends the services and the connections. Items and punts stay. */
  close(): Promise<void> {
    return this.#running.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
