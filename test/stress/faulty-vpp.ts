// VPPs whose messages can be struck: the embedded one, and a real one behind a relay.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmulatedHost, type Host, LinuxHost } from "../../lib/punt/index.js";
import { EmbeddedVpp, type FaultAction } from "../../lib/sim/index.js";
import { startVpp } from "../support/vpp/real.js";
import { ApiRelay, type RelayFault } from "./api-relay.js";
import { kernelHasVrf } from "./crash-vpp.js";
import { cards } from "./history.js";

export interface FaultyVpp {
  readonly real: boolean;
  readonly directory: string;
  readonly apiSocket: string;
  /** The API socket of the manager whose messages are counted and struck. */
  readonly struckSocket: string;
  readonly host: Host;
  /** Whether the machine has VRF devices. */
  readonly hasVrf: boolean;
  /** Milliseconds until the manager's client gives up on an answer. */
  readonly answerTimeout: number;
  /** Milliseconds until a manager that does not settle counts as hanging. */
  readonly longest: number;
  /** Names of the faults that can strike a message. */
  readonly faults: readonly string[];
  /** The number of messages so far. */
  readonly seen: number;
  /** Strikes the nth message from now. */
  strike(fault: string, nth: number): void;
  /** Whether the fault has not struck yet. */
  readonly pending: boolean;
  clear(): void;
  /** Ends VPP, and resolves when another has started. After a crash, resolves when the next one has started. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

const ANSWER_TIMEOUT = 60;

/** VPP's fault for one message. */
const EMBEDDED_FAULTS: Readonly<Record<string, FaultAction>> = {
  refused: { kind: "refuse", error: "UNSPECIFIED" },
  late: { kind: "delay", ms: 2 * ANSWER_TIMEOUT },
  unanswered: { kind: "lose-reply" },
  lost: { kind: "lose-request" },
  twice: { kind: "answer-twice" },
  "cut-before": { kind: "cut-request" },
  "cut-after": { kind: "cut" },
  crash: { kind: "crash" },
};

export async function embeddedFaulty(): Promise<FaultyVpp> {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-faults-"));
  const vpp = await EmbeddedVpp.start({ directory, interfaces: cards });
  const { apiSocket } = vpp;
  return {
    ...{ real: false, hasVrf: true, answerTimeout: ANSWER_TIMEOUT, longest: 120_000 },
    ...{ directory, apiSocket, struckSocket: apiSocket, host: new EmulatedHost(vpp) },
    faults: Object.keys(EMBEDDED_FAULTS),
    get seen() {
      return vpp.faults.seen;
    },
    strike: (fault, nth) => vpp.faults.add({ message: "*", nth, action: EMBEDDED_FAULTS[fault]! }),
    get pending() {
      return vpp.faults.pending > 0;
    },
    clear: () => vpp.faults.clear(),
    restart: () => vpp.restart(),
    async end() {
      await vpp.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A TAP takes a real VPP on a busy machine long. */
const REAL_TIMEOUT = 4_000;

/** The relay cannot refuse a message in VPP's place: it does not know the replies. */
const RELAY_FAULTS: readonly RelayFault[] = [
  ...(["late", "unanswered", "lost", "twice", "cut-before", "cut-after", "crash"] as const),
];

export async function realFaulty(): Promise<FaultyVpp> {
  const vpp = await startVpp();
  const { directory, apiSocket } = vpp;
  let crashed: Promise<void> | undefined;
  const struckSocket = join(directory, "relay.sock");
  const crash = () => {
    crashed = vpp.restart("SIGKILL");
  };
  const relay = await ApiRelay.start({ target: apiSocket, path: struckSocket, delay: 2 * REAL_TIMEOUT, crash });
  return {
    ...{ real: true, hasVrf: kernelHasVrf(), answerTimeout: REAL_TIMEOUT, longest: 120_000 },
    ...{ directory, apiSocket, struckSocket, host: new LinuxHost() },
    faults: RELAY_FAULTS,
    get seen() {
      return relay.seen;
    },
    strike: (fault, nth) => relay.strike(fault as RelayFault, nth),
    get pending() {
      return relay.pending;
    },
    clear: () => relay.clear(),
    async restart() {
      const started = crashed ?? vpp.restart("SIGKILL");
      crashed = undefined;
      await started;
    },
    async end() {
      relay.close();
      await vpp.stop();
    },
  };
}
