// The StoneWork agent that has discovered a module, and the connection that it comes by.
import { PuntError } from "../../errors.js";
import { hostPort } from "../../net/index.js";
import { isAnswering } from "../../sockets/index.js";
import type { DiscoverCnfReq } from "../gen/cnfreg/cnfreg_pb.js";
import { type Connection, isGone } from "../server.js";
import type { StoneWorkAddress } from "./events.js";

interface Hooks {
  readonly label: string;
  /** An agent has discovered the module. `isAgain`: not for the first time. */
  discovered(address: StoneWorkAddress, isAgain: boolean): void;
  /** The agent's connection has ended, or it calls again without another discovery. */
  connection(address: StoneWorkAddress, isConnected: boolean): void;
}

/** StoneWork gives up on a module that it greets after 3 s: the agent before must have answered by then. */
const PATIENCE_MS = 1_000;

export class Agent {
  readonly #hooks: Hooks;
  #address: StoneWorkAddress | undefined;
  #connection: Connection | undefined;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  get address(): StoneWorkAddress | undefined {
    return this.#address;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined && !isGone(this.#connection);
  }

  /** Takes a greeting. @throws PuntError ERR_DISCOVERED: the agent that greeted before is still there */
  async discovered(request: DiscoverCnfReq, connection: Connection | undefined): Promise<void> {
    await this.#requireNoOther(connection);
    const isAgain = this.#address !== undefined;
    const { swIpAddress: address, swGrpcPort: grpcPort, swHttpPort: httpPort } = request;
    this.#address = { address, grpcPort, httpPort };
    this.#follow(connection);
    this.#hooks.discovered(this.#address, isAgain);
  }

  /** Takes notice of a call that only the agent makes. */
  calls(connection: Connection | undefined): void {
    if (this.#address === undefined || this.isConnected || connection === undefined) return;
    this.#follow(connection);
    this.#hooks.connection(this.#address, true);
  }

  /** An agent that has vanished without a word still has its connection: a ping tells. */
  async #requireNoOther(connection: Connection | undefined): Promise<void> {
    const before = this.#connection;
    if (before === undefined || this.#address === undefined) return;
    const isThere = before === connection || (await isAnswering(before, PATIENCE_MS));
    // Another agent may have greeted during the wait.
    if (isThere || this.#connection !== before) {
      const { address, grpcPort } = this.#address;
      const text = `${this.#hooks.label} is discovered already, by StoneWork at ${hostPort(address, grpcPort)}, which is still connected`;
      throw new PuntError("stonework.module", "ERR_DISCOVERED", text, { ...this.#address });
    }
    this.#connection = undefined;
    before.destroy();
  }

  #follow(connection: Connection | undefined): void {
    this.#connection = connection;
    connection?.once("close", () => {
      if (this.#connection !== connection || this.#address === undefined) return;
      this.#hooks.connection(this.#address, false);
    });
  }
}
