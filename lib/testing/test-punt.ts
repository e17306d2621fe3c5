// A punt on an embedded VPP of its own, for unit tests of a CNF.
import { lazily } from "../lazily.js";
import { OptionCheck } from "../options.js";
import type { PuntManager, PuntStatus } from "../punt/index.js";
import type { EmbeddedVpp } from "../sim/index.js";
import type { MadePunt, TestPuntOptions, TestPuntRequest } from "./make-punt.js";
import type { PuntEnd } from "./punt-end.js";

/**
 * A punt that is CREATED, with everything that it needs: its VPP, its manager and the CNF's ends.
 * @example
 * ```ts
 * import { testPunt } from "vpp-punt/sim";
 *
 * const rules = [{ protocol: "UDP", destinationPort: 53 } as const];
 * const request = { type: "ABX", interconnect: "MEMIF", vppInterface: "eth0", ingressAclRules: rules } as const;
 * await using t = await testPunt(request);
 * console.log(t.punt.metadata.interconnects.length, await t.sim.cli("show interface"));
 * ```
 */
export class TestPunt implements AsyncDisposable {
  readonly sim: EmbeddedVpp;
  readonly manager: PuntManager;
  /** The punt's status when it was created: `punt.metadata` says what a CNF gets to know. */
  readonly punt: PuntStatus;
  /** The CNF's end of each interconnect, in the order of the metadata. */
  readonly ends: readonly PuntEnd[];
  readonly #close: () => Promise<void>;

  /** @internal */
  constructor({ sim, manager, punt, ends, close }: MadePunt) {
    this.sim = sim;
    this.manager = manager;
    this.punt = punt;
    this.ends = ends;
    this.#close = lazily(close);
  }

  /** Sends a frame from the CNF to VPP, through the first end. @returns false if the frame was not sent */
  send(frame: Uint8Array): boolean {
    return this.ends[0]!.send(frame);
  }

  /**
   * Returns the frames that have come to the first end since the last call, as soon as there are `count`.
   *
   * @throws PuntError `ETIMEDOUT`: fewer came within `timeout` ms (default 5,000)
   */
  received(count = 1, timeout?: number): Promise<Uint8Array[]> {
    return this.ends[0]!.received(count, timeout);
  }

  /** Closes the ends, the manager and VPP, and removes their files. */
  close(): Promise<void> {
    return this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Starts an embedded VPP, gives it a punt, and opens the CNF's ends. It needs no rights, and nothing of it stays behind.
 *
 * @throws PuntError `ERR_OPTION`, of the request (`ERR_INVALID_REQUEST`), of the manager or of VPP; nothing is left behind then either
 * @example
 * ```ts
 * import { testPunt } from "vpp-punt/sim";
 *
 * await using t = await testPunt({ type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
 * t.sim.interface("eth0").inject(new Uint8Array(60));
 * const [copy] = await t.received();
 * console.log(copy?.length); // 60
 * ```
 */
export async function testPunt(request: TestPuntRequest, options: TestPuntOptions = {}): Promise<TestPunt> {
  const check = new OptionCheck("sim.test-punt");
  check.known(options, ["sim", "manager"]);
  if (options.sim !== undefined) check.object("sim", options.sim);
  if (options.manager !== undefined) check.object("manager", options.manager);
  check.object("request", request);
  // Programs that take the embedded VPP alone never need it.
  const { makePunt } = await import("./make-punt.js");
  return new TestPunt(await makePunt(request, options));
}
