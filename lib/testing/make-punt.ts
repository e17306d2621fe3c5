// Makes a punt on an embedded VPP of its own: VPP, its manager, the punt and the CNF's ends.
import { join } from "node:path";
import { Vpp } from "../binapi/index.js";
import { given } from "../options.js";
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

export interface MadePunt {
  readonly sim: EmbeddedVpp;
  readonly manager: PuntManager;
  readonly punt: PuntStatus;
  readonly ends: readonly PuntEnd[];
  /** Closes all of it. */
  close(): Promise<void>;
}

/** @throws PuntError of the request, the manager or VPP; nothing is left behind then */
export async function makePunt(request: TestPuntRequest, options: TestPuntOptions): Promise<MadePunt> {
  const full = { cnf: CNF, ...expanded(request, "sim.test-punt") };
  const interfaces = namedInterfaces(parseRequest(withSocket(full, "/")));
  const parts: Parts = {
    sim: await EmbeddedVpp.start({ interfaces, exec: interfaces.flatMap(configure), ...options.sim }),
  };
  try {
    const { sim } = parts;
    parts.vpp = await Vpp.connect({ socketPath: sim.apiSocket });
    const manager = await startManager(sim, parts.vpp, options.manager);
    parts.manager = manager;
    const punt = await manager.add(withSocket(full, sim.directory), { waitFor: "CREATED" });
    parts.attachments = attach(punt.metadata, { memif: { rxMode: "interrupt" } });
    const ends = await PuntEnd.open(parts.attachments, sim);
    return { sim, manager, punt, ends, close: () => closeAll(parts) };
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

function startManager(sim: EmbeddedVpp, vpp: Vpp, options: Partial<PuntManagerOptions> = {}): Promise<PuntManager> {
  const memifDirectory = join(sim.directory, "memif");
  return PuntManager.start({ vpp, host: new EmulatedHost(sim), memifDirectory, ...given(options) });
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
