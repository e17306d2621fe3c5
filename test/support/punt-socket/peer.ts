// VPP's end of punt sockets, for tests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type PuntBatch, PuntInjector, PuntSocket, type PuntSocketOptions } from "../../../lib/punt-socket/index.js";

export { until } from "../until.js";

/** VPP's end of punt sockets: bound where VPP is, sends by name and never waits, takes what is injected. */
export interface FakeVpp {
  readonly path: string;
  /** The injected packets, in order. */
  readonly injected: { swIfIndex: number; action: number; packet: Uint8Array }[];
  /** Sends a packet to the client's path; the name of the error, if any. */
  punt(clientPath: string, packet: Uint8Array, swIfIndex?: number): string | undefined;
  close(): void;
}

/** A folder for this test's sockets, removed after it. */
export function socketFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a fake VPP at the path. */
export function startVpp(t: ExecutionContext, path: string): FakeVpp {
  const injected: FakeVpp["injected"] = [];
  const onBatch = (batch: PuntBatch) => {
    for (let i = 0; i < batch.length; i++) {
      injected.push({ swIfIndex: batch.swIfIndex(i), action: batch.action(i), packet: batch.copy(i) });
    }
  };
  const socket = PuntSocket.open({ path, vppPath: null, onBatch, onWarning: () => {}, sendBuffer: 65536 });
  socket.unref();
  t.teardown(() => socket.close());
  return {
    path,
    injected,
    punt: (clientPath, packet, swIfIndex = 1) => socket.sendTo(clientPath, swIfIndex, packet),
    close: () => socket.close(),
  };
}

/** A fake VPP and where a client may bind. */
export function facingVpp(t: ExecutionContext): { vpp: FakeVpp; path: string; folder: string } {
  const folder = socketFolder(t);
  return { vpp: startVpp(t, join(folder, "vpp")), path: join(folder, "client"), folder };
}

/** Opens a receiver, closed after the test, that says nothing of this machine's queue limit. */
export function open(t: ExecutionContext, options: PuntSocketOptions): PuntSocket {
  const socket = PuntSocket.open({ onWarning: () => {}, ...options });
  t.teardown(() => socket.close());
  return socket;
}

export function openInjector(t: ExecutionContext, vppPath: string, known: readonly number[]): PuntInjector {
  const injector = PuntInjector.open({ vppPath, knownInterfaces: new Set(known) });
  t.teardown(() => injector.close());
  return injector;
}

/** Sends them all, giving the receiver its turn whenever VPP would drop. */
export async function puntAll(vpp: FakeVpp, path: string, packets: readonly Uint8Array[]): Promise<void> {
  for (const packet of packets) {
    while (vpp.punt(path, packet) !== undefined) await turn();
  }
}

/** Resolves after other events have had their turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Blocks the event loop until the condition holds. */
export function blockUntil(condition: () => boolean): void {
  while (!condition());
}
