// Intervals are of the monotonic clock: the wall clock is read only where people, or other programs, get a time of day.
import { readFileSync } from "node:fs";
import test from "ava";
import { transformSync } from "esbuild";
import { libraryFiles } from "../architecture/source.js";

/** The files that read the wall clock, and why. */
const READERS: Readonly<Record<string, string>> = {
  "lib/daemon/service/dump.ts": "the time of a packet",
  "lib/daemon/audit.ts": "the time of an entry",
  "lib/counters/counters.ts": "the time of a reading",
  "lib/sim/stats/server.ts": "/sys/boottime",
  "lib/sim/api/core.ts": "show_vpe_system_time",
  "lib/packet/capture.ts": "the time of a packet",
  "lib/punt/worker/worker.ts": "nextTry",
  "lib/punt/desired/desired-state.ts": "nextTry",
  "lib/punt/reconcile/reconciler.ts": "nextTry",
  "lib/punt/reconcile/retries.ts": "nextTry",
  "lib/cluster/status.ts": "nextTry, and the time of a wish",
  "lib/cluster/records.ts": "the time of a wish",
  "lib/cluster/leadership.ts": "the time of an election",
  "lib/cluster/etcd/clients.ts": "grpc-js takes the end of a call as a time of day",
  "lib/cluster/etcd/etcd.ts": "grpc-js takes the end of a call as a time of day",
  "lib/module/remote/connection.ts": "the end of a certificate",
  "lib/module/packets.ts": "an example",
  "lib/cli/commands/run.ts": "the time of an event",
  "lib/cli/commands/watch.ts": "the time of an event",
  "lib/cli/commands/dump.ts": "the time of a packet",
};

test("only these files read the wall clock", (t) => {
  const readers = libraryFiles().filter((file) =>
    /Date\.now\(|new Date\(\)|new Date\(Date/.test(readFileSync(file, "utf8")),
  );
  t.deepEqual(readers.sort(), Object.keys(READERS).sort());
});

test("the page's rates begin again when the daemon's clock was set back", async (t) => {
  const { code } = transformSync(readFileSync("page/src/history.ts", "utf8"), { loader: "ts", format: "esm" });
  const { History } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const history = new History();
  const reading = (packets: number) => [{ toCnf: { packets: BigInt(packets) }, drops: {} }];
  for (const [time, packets] of [
    [100_000, 0],
    [102_000, 200],
    [12_000, 400],
    [14_000, 600],
  ] as const)
    history.take(time, reading(packets));
  t.deepEqual(
    history.rates.map(({ time, toCnf }: Record<string, number>) => [time, toCnf]),
    [[14_000, 100]],
  );
});
