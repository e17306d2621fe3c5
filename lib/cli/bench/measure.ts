// Measures how many packets a second come into Node.js here, and how many requests a second VPP's API answers.
import { type ChildProcess, fork } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Vpp } from "../../binapi/index.js";
import { Memif } from "../../memif/index.js";
import { packageFile } from "../../package-root.js";
import { PuntSocket } from "../../punt-socket/index.js";
import { EmbeddedVpp } from "../../sim/index.js";

export interface BenchOptions {
  /** Milliseconds that each measurement takes. */
  readonly duration: number;
  /** Bytes of a frame. */
  readonly size: number;
  /** API socket of a VPP to ask; undefined for an embedded one. */
  readonly vpp?: string | undefined;
}

/** The result of one measurement. */
export interface Measured {
  readonly subject: string;
  readonly unit: "packets" | "requests";
  readonly count: number;
  /** A second. */
  readonly rate: number;
  /** Bits a second; absent for requests. */
  readonly bits?: number;
}

type Subject = (options: BenchOptions, folder: string, end: AbortSignal) => Promise<Measured>;

const SENDER = packageFile("dist/lib/cli/bench/sender.js");

function sender(kind: string, path: string, size: number): ChildProcess {
  return fork(SENDER, [kind, path, String(size)], { execArgv: [] });
}

/** Waits at most so long; the end of the command cuts it short. */
function waited(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => {});
}

/** Time after the first packet that is not measured. */
const WARM_UP_MS = 100;
/** Time that the sender's process has to start. */
const LONGEST_START_MS = 30_000;

interface Receiver {
  receive(handler: (batch: { readonly length: number }) => void): void;
}

/** Counts the packets that come from `child`, for the duration, from a moment after the first one on. Then ends `child`. */
async function received(
  subject: string,
  port: Receiver,
  child: ChildProcess,
  { duration, size }: BenchOptions,
  end: AbortSignal,
): Promise<Measured> {
  let count = 0;
  port.receive((batch) => {
    count += batch.length;
  });
  try {
    const late = performance.now() + LONGEST_START_MS;
    while (count === 0 && !end.aborted && performance.now() < late) await waited(5, end);
    await waited(WARM_UP_MS, end);
    const [before, start] = [count, performance.now()];
    await waited(duration, end);
    const packets = count - before;
    const rate = packets / ((performance.now() - start) / 1000);
    return { subject, unit: "packets", count: packets, rate, bits: rate * size * 8 };
  } finally {
    child.kill("SIGKILL");
  }
}

async function memif(options: BenchOptions, folder: string, end: AbortSignal): Promise<Measured> {
  const socket = join(folder, "memif.sock");
  const child = sender("memif", socket, options.size);
  using port = Memif.open({ role: "client", socket, ringSize: 2048 });
  return await received("memif", port, child, options, end);
}

async function puntSocket(options: BenchOptions, folder: string, end: AbortSignal): Promise<Measured> {
  const path = join(folder, "punt.sock");
  // Unconnected: the sender stands for VPP.
  using socket = PuntSocket.open({ path, vppPath: null, onWarning: () => {} });
  const child = sender("socket", path, options.size);
  return await received("punt socket", socket, child, options, end);
}

/** Requests under way at once. */
const WINDOW = 64;

async function api({ duration, vpp: socketPath }: BenchOptions, _folder: string, end: AbortSignal): Promise<Measured> {
  const sim = socketPath === undefined ? await EmbeddedVpp.spawn() : undefined;
  const vpp = await Vpp.connect({ socketPath: socketPath ?? sim!.apiSocket });
  try {
    let count = 0;
    const start = performance.now();
    const isOver = () => end.aborted || performance.now() - start > duration;
    const ask = async () => {
      for (; !isOver(); count++) await vpp.call("control_ping", {});
    };
    await Promise.all(Array.from({ length: WINDOW }, ask));
    const rate = count / ((performance.now() - start) / 1000);
    return { subject: "binary API", unit: "requests", count, rate };
  } finally {
    await vpp.close();
    await sim?.close();
  }
}

export const SUBJECTS: Readonly<Record<string, Subject>> = { memif, socket: puntSocket, api };

/** Measures the subjects one after the other; `onDone` gets each result. */
export async function measureAll(
  subjects: readonly string[],
  options: BenchOptions,
  end: AbortSignal,
  onDone: (measured: Measured) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-bench-"));
  try {
    for (const name of subjects) if (!end.aborted) onDone(await SUBJECTS[name]!(options, folder, end));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
