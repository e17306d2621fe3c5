import { PuntAction, PuntInjector } from "../../lib/punt-socket.js";

/** sw_if_index of datagrams that steer a trial and are no packets, as in benchmarks/peers/punt_common.h. */
export const MARK_ROUND = 0xfffffffe;
export const MARK_END = 0xffffffff;

/** An injector for a peer that plays VPP, where any interface will do. */
export function openInjector(vppPath: string): PuntInjector {
  return PuntInjector.open({ vppPath, knownInterfaces: () => true });
}

const HELLO = new Uint8Array(21);

/** Tells the peer at VPP's path that this side is set up. */
export function sayReadyTo(injector: PuntInjector): void {
  if (!injector.inject(PuntAction.L2, 0, HELLO)) throw new Error("no room for the first datagram");
}

/** Prints what a trial measured as the process's last line. */
export function report(figures: Record<string, number>): void {
  console.log(JSON.stringify(figures));
}

/** Figures of what a process used from now on. */
export function startUsage(): () => { seconds: number; userUs: number; systemUs: number } {
  const start = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - start) / 1000, userUs: user, systemUs: system };
  };
}
