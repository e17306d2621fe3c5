// The VPPs of a soak.
import { join } from "node:path";
import { EmbeddedVpp } from "../../../lib/sim/index.js";
import { startVpp } from "../../support/vpp/real.js";
import { cards } from "../history.js";
import type { PlaceVpp } from "../machine/place.js";

/** With root, its TAPs are Linux's. */
export function embeddedVpp(directory: string): Promise<PlaceVpp> {
  const host = process.getuid?.() === 0 ? { host: "linux" as const } : {};
  return EmbeddedVpp.spawn({ directory: join(directory, "vpp"), interfaces: cards, ...host });
}

export async function realVpp(): Promise<PlaceVpp> {
  const vpp = await startVpp();
  return {
    apiSocket: vpp.apiSocket,
    get alive() {
      return vpp.pid !== undefined;
    },
    kill: () => vpp.kill(),
    start: () => vpp.start(),
    close: () => vpp.stop(),
  };
}
