// injector <VPP's path> <packets> <bytes>
import { once } from "node:events";
import { PuntAction } from "../../lib/punt-socket/index.js";
import { MARK_END, openInjector, report, startUsage } from "./common.js";

const [vppPath, count, bytes] = process.argv.slice(2) as [string, string, string];
const BURST = 64;
const packets = new Array<Uint8Array>(BURST).fill(new Uint8Array(Number(bytes)));
const injector = openInjector(vppPath);

/** Injects all packets; waits while VPP has no room. */
async function sendAll(swIfIndex: number, burst: Uint8Array[]): Promise<void> {
  let left = burst;
  for (;;) {
    const accepted = injector.injectAll(PuntAction.L2, swIfIndex, left);
    if (accepted === left.length) return;
    left = left.slice(accepted);
    await once(injector, "drain");
  }
}

const usage = startUsage();
for (let left = Number(count); left > 0; left -= BURST) await sendAll(1, packets);
const used = usage();
await sendAll(MARK_END, [packets[0]!]);
report({ packets: injector.stats().packets, ...used });
injector.close();
