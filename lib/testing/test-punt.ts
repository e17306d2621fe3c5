// A punt on an embedded VPP of its own, for unit tests of a CNF.
import { join } from "node:path";
import { Vpp } from "../binapi/index.js";
import { lazily } from "../lazily.js";
import { OptionCheck } from "../options.js";
import {
  type Attachments,
  attach,
  EmulatedHost,
  expanded,
  lacksSocketPath,
  PuntManager,
  type PuntManagerOptions,
  type PuntRequest,
  type PuntRequestInput,
  type PuntStatus,
  parseRequest,
  reachOf,
  type UdpPunt,
} from "../punt/index.js";
import { EmbeddedVpp, type EmbeddedVppOptions } from "../sim/index.js";
import { PuntEnd } from "./punt-end.js";

/** The label of a CNF that the request does not name. */
const CNF = "cnf";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> & Partial<Pick<T, K & keyof T>> : never;

/** A request as `openPunt` takes it. What a unit test does not care about can be left out: `cnf`, and the path of a punt socket. */
export type TestPuntRequest = Without<UdpPunt | PuntRequestInput, "cnf" | "socketPath">;

export interface TestPuntOptions {
  /**
   * Options of the embedded VPP. By default it has the interfaces that the request names, or eth0, up, with the addresses 10.0.0.1/24,
   * 10.0.1.1/24, ... and fd00:0:0:1::1/64, fd00:0:0:2::1/64, ... in their order.
   */
  readonly sim?: EmbeddedVppOptions;
  /** Options of the manager. It keeps its state in memory, and makes nothing on this machine. */
  readonly manager?: Partial<PuntManagerOptions>;
}

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
  constructor(parts: Parts, punt: PuntStatus, ends: readonly PuntEnd[]) {
    this.sim = parts.sim;
    this.manager = parts.manager!;
    this.punt = punt;
    this.ends = ends;
    this.#close = lazily(() => closeAll(parts));
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
  const full = { cnf: CNF, ...expanded(request, "sim.test-punt") };
  const interfaces = namedInterfaces(parseRequest(withSocket(full, "/")));
  const parts: Parts = {
    sim: await EmbeddedVpp.start({ interfaces, exec: interfaces.flatMap(configure), ...options.sim }),
  };
  try {
    const { sim } = parts;
    parts.vpp = await Vpp.connect({ socketPath: sim.apiSocket });
    parts.manager = await startManager(parts, options.manager);
    const punt = await parts.manager.add(withSocket(full, sim.directory), { waitFor: "CREATED" });
    parts.attachments = attach(punt.metadata, { memif: { rxMode: "interrupt" } });
    return new TestPunt(parts, punt, await PuntEnd.open(parts.attachments, sim));
  } catch (error) {
    await closeAll(parts);
    throw error;
  }
}

/** The parts that have been opened so far. */
interface Parts {
  readonly sim: EmbeddedVpp;
  vpp?: Vpp;
  manager?: PuntManager;
  attachments?: Attachments;
}

async function closeAll({ sim, vpp, manager, attachments }: Parts): Promise<void> {
  attachments?.close();
  await manager?.close();
  await vpp?.close();
  await sim.close();
}

function startManager({ sim, vpp }: Parts, options: Partial<PuntManagerOptions> = {}): Promise<PuntManager> {
  const memifDirectory = join(sim.directory, "memif");
  return PuntManager.start({ vpp: vpp!, host: new EmulatedHost(sim), memifDirectory, ...options });
}

function withSocket(request: object, directory: string): PuntRequestInput {
  const path = lacksSocketPath(request) && { socketPath: join(directory, "cnf.sock") };
  return { ...request, ...path } as PuntRequestInput;
}

/** The interfaces of VPP that the request names, or eth0. */
function namedInterfaces(request: PuntRequest): string[] {
  const names = reachOf(request).interfaces;
  return names.length === 0 ? ["eth0"] : [...new Set(names)];
}

function configure(name: string, index: number): string[] {
  const addresses = [`10.0.${index}.1/24`, `fd00:0:0:${index + 1}::1/64`];
  return [
    `set interface state ${name} up`,
    ...addresses.map((address) => `set interface ip address ${name} ${address}`),
  ];
}
