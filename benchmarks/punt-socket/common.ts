// Shared by the punt-socket scripts: marks, the injector, figures.
import { PuntAction, PuntInjector } from "../../lib/punt-socket/index.js";

/** sw_if_index of datagrams that control a trial and contain no packet, as in benchmarks/peers/punt_common.h. */
export const MARK_ROUND = 0xfffffffe;
export const MARK_END = 0xffffffff;

/** Opens an injector for a peer that plays VPP and accepts every interface. */
export function openInjector(vppPath: string): PuntInjector {
  return PuntInjector.open({ vppPath, knownInterfaces: () => true });
}

const HELLO = new Uint8Array(21);

/** Tells the peer at VPP's path that this side is ready. */
export function sayReadyTo(injector: PuntInjector): void {
  if (!injector.inject(PuntAction.L2, 0, HELLO)) throw new Error("no room for the first datagram");
}

/** Prints the figures of a trial as the last line of the process. */
export function report(figures: Record<string, number>): void {
  console.log(JSON.stringify(figures));
}

/** Starts to measure the CPU time of this process. */
export function startUsage(): () => { seconds: number; userUs: number; systemUs: number } {
  const start = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - start) / 1000, userUs: user, systemUs: system };
  };
}
