// VPP's ring buffers of statistics. No plugin of VPP's fills one in a test, so the test brings a plugin.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RingStat } from "../../lib/binapi/stats/counters.js";
import { VppStats } from "../../lib/binapi/stats/stats.js";
import { vppProgram } from "../support/machine/programs.js";
import { need } from "../support/need.js";
import { startVpp } from "../support/vpp/real.js";

/** Compiles the plugin into `folder`. */
function buildPlugin(folder: string): void {
  const include = join(dirname(dirname(vppProgram()!)), "include");
  // VPP's vectors need the instruction set of VPP's own build.
  const machine = process.arch === "x64" ? ["-march=x86-64-v3"] : [];
  const files = ["test/peers/stats_ring_plugin.c", "-o", join(folder, "stats_ring_plugin.so")];
  execFileSync("cc", ["-shared", "-fPIC", ...machine, `-I${include}`, ...files], { stdio: "pipe" });
}

need("root", "vpp", "vpp-ring-headers", "cc").test(
  "a ring buffer of a real VPP's: its newest entries, oldest first, and its schema",
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "vpp-punt-ring-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    buildPlugin(folder);
    const server = await startVpp({ pluginFolder: folder });
    t.teardown(() => server.stop());
    const stats = await VppStats.open({ socketPath: server.statsSocket });
    t.teardown(() => stats.close());
    const ring = async () => (await stats.read("/test/*")).get("/test/ring") as RingStat;
    const numbers = ({ threads }: RingStat) =>
      threads.map(({ entries }) => entries.map((entry) => Number(Buffer.from(entry).readBigUInt64LE())));

    await server.cli("ring write 3");
    const first = await ring();
    t.like(first, { type: "ring", entrySize: 8, ringSize: 8, schemaVersion: 5 });
    t.is(Buffer.from(first.schema).toString(), "number: u64");
    t.deepEqual(numbers(first), [[], [0, 1, 2]]);

    await server.cli("ring write 18");
    const later = await ring();
    t.is(later.threads[1]!.written, 21n);
    t.deepEqual(numbers(later), [[], [14, 15, 16, 17, 18, 19, 20]]);
  },
);
