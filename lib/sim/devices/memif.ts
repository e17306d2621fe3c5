// The device of a memif interface.
import { PuntError } from "../../errors.js";
import { Memif } from "../../memif/index.js";
import type { DataPlane, SwInterface } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { MemifConfig, MemifDevice } from "./factory.js";

/** VPP as client tries again every 3 s. A test should not wait that long. */
const RECONNECT_MS = 500;

/** memifN/N: VPP's end of a memif link, over this package's own engine. */
export class EngineMemifDevice implements MemifDevice {
  readonly className = "memif";
  readonly #port: Memif;
  readonly #pending: Uint8Array[] = [];
  #swInterface: SwInterface | undefined;
  readonly #dp: DataPlane;

  /** Opens the port. Refuses with SYSCALL_ERROR_4 if it cannot listen, as VPP does. */
  constructor(dp: DataPlane, config: MemifConfig, programName: string) {
    this.#dp = dp;
    this.#port = open(config, programName);
    this.#port.unref();
    this.#port.receive((batch) => {
      if (this.#swInterface === undefined) return;
      for (let i = 0; i < batch.length; i++) dp.receive(this.#swInterface, batch.copy(i));
      dp.flush();
    });
    this.#port.on("up", () => this.#linkChanged());
    this.#port.on("down", () => this.#linkChanged());
  }

  attach(swInterface: SwInterface): void {
    this.#swInterface = swInterface;
    this.#linkChanged();
  }

  /** The event `up` may come later than the first frame, so the port itself says in `flush` whether a peer is there. */
  send(frame: Uint8Array): boolean {
    this.#pending.push(frame);
    return true;
  }

  /** Sends the collected frames. Frames that find no room in the ring, or no peer, are lost, as in VPP. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const given = this.#pending.splice(0);
    const taken = this.#port.send(given);
    const { counters } = this.#swInterface!;
    counters.txErrors += given.length - taken;
  }

  /** The connection stays; the link that VPP shows is down while the interface is. */
  adminChanged(): void {
    this.#linkChanged();
  }

  close(): void {
    this.#swInterface = undefined;
    this.#pending.length = 0;
    this.#port.close();
  }

  #linkChanged(): void {
    if (this.#swInterface === undefined) return;
    const up = this.#port.peer !== undefined && this.#swInterface.adminUp;
    this.#dp.interfaces.setLink(this.#swInterface, up);
  }
}

/** A memif without a listener, to which no client can connect. */
export class DeafMemifDevice implements MemifDevice {
  readonly className = "memif";

  attach(): void {}

  send(): boolean {
    return false;
  }

  close(): void {}
}

function open(config: MemifConfig, programName: string): Memif {
  const { path, id, role, mode, ringSize, bufferSize, rxQueues, txQueues, secret } = config;
  const options = { id, role, mode, ringSize, bufferSize, rxQueues, txQueues, secret };
  try {
    return Memif.open({
      ...options,
      socket: path.replace(/^abstract:/, "@"),
      name: programName,
      rxMode: "interrupt",
      reconnectMs: RECONNECT_MS,
    });
  } catch (error) {
    if (!(error instanceof PuntError)) throw error;
    throw new VnetError("SYSCALL_ERROR_4", error.message);
  }
}
