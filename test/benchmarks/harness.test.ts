// Tests of the benchmarks' harness: its command line, its comparison with a baseline, its reports.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { readArguments } from "../../benchmarks/harness/arguments.js";
import { compare } from "../../benchmarks/harness/baseline.js";
import { isDisturbed, watchMachine } from "../../benchmarks/harness/disturbance.js";
import { html } from "../../benchmarks/harness/html.js";
import { median, type Outcome } from "../../benchmarks/harness/measure.js";
import { reportOf, short, table } from "../../benchmarks/harness/report.js";

function outcome(more: Partial<Outcome> = {}): Outcome {
  const figures = { ours: 95, peer: 100, ratio: 0.95, min: 0.9, max: 1 };
  const run = { pairs: 5, disturbed: 0, target: "ratio >= 0.95", ok: true };
  return { name: "receive 64 B: rate", unit: "pps", ...figures, ...run, ...more };
}

test("the command line takes suites, all of them by default or by name", (t) => {
  t.deepEqual(readArguments([], ["a", "b"]).suites, ["a", "b"]);
  t.deepEqual(readArguments(["all"], ["a", "b"]).suites, ["a", "b"]);
  t.deepEqual(readArguments(["b", "--pairs", "3"], ["a", "b"]).suites, ["b"]);
  t.is(readArguments(["--vpp", "api.sock"], ["a"]).vpp, "api.sock");
});

test("a wrong command line is refused with the values that are allowed", (t) => {
  t.throws(() => readArguments(["c"], ["a", "b"]), { message: "there is no suite c; there are: a, b, all" });
  t.throws(() => readArguments(["--pairs", "0"], ["a"]), { message: /--pairs must be a count from 1 on; got 0/ });
  t.throws(() => readArguments(["--bogus"], ["a"]));
});

test("a figure is worse than the baseline when it is outside the baseline's spread on the bad side", (t) => {
  const worse = (before: Partial<Outcome>, now: Partial<Outcome>) =>
    compare(reportOf([outcome(before)]), [outcome(now)])[0]!.worse;
  t.false(worse({}, { ratio: 0.9 }));
  t.true(worse({}, { ratio: 0.89 }));
  t.false(worse({}, { ratio: 1.5 }));
  t.true(worse({ target: "<= 10", ratio: null, ours: 8, max: 9 }, { target: "<= 10", ratio: null, ours: 9.5 }));
  t.false(worse({ target: "<= 10", ratio: null, ours: 8, min: 7 }, { target: "<= 10", ratio: null, ours: 1 }));
});

test("trials that the baseline lacks are not compared", (t) => {
  t.deepEqual(compare(reportOf([]), [outcome()]), []);
});

test("a ratio to 0 is not printed as a number", (t) => {
  t.is(short(Number.POSITIVE_INFINITY), "-");
  t.false(table([outcome({ ratio: null, min: Number.POSITIVE_INFINITY })]).includes("Infinity"));
});

test("the report in HTML has the table and a plot of the rows with a place", async (t) => {
  const place = { chart: "Receiving", row: "rate", axis: "packet size (B)", peer: "libmemif" };
  const page = await html([outcome({ place: { ...place, x: 64 } }), outcome({ place: { ...place, x: 128 } })]);
  t.regex(page, /<figcaption>Receiving<\/figcaption><svg/);
  t.regex(page, /<td>receive 64 B: rate<\/td><td>95.0 pps<\/td>/);
  t.notRegex(page, /(src|href)="http/);
});

test("the median is the middle of the values", (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2.5);
});

test("the CPU time of other programs is never negative, and half a core counts as a disturbance", (t) => {
  const foreign = watchMachine();
  for (const end = performance.now() + 50; performance.now() < end; );
  t.true(foreign() >= 0);
  t.true(isDisturbed(0.5));
  t.false(isDisturbed(0));
});

test("a name that no trial has is an error of the command line", (t) => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["dist/benchmarks/run.js", "--list", ...args], { encoding: "utf8" });
  const refused = run("package", "--only", "no such trial");
  t.is(refused.status, 2);
  t.regex(refused.stderr, /no trial of package has "no such trial" in its name/);
  t.regex(run("package", "--only", "binapi").stdout, /^import vpp-punt\/binapi$/m);
});

test("a run's folder goes with the program, also when Ctrl-C ends it", (t) => {
  const program = `
    import { openWorkspace } from "./dist/benchmarks/harness/workspace.js";
    process.once("SIGINT", () => process.exit(130));
    console.log(openWorkspace().folder);
    process.kill(process.pid, "SIGINT");
    setTimeout(() => {}, 60_000);`;
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  t.is(run.status, 130);
  t.regex(run.stdout, /vpp-punt-bench-/);
  t.false(existsSync(run.stdout.trim()));
});

test("the programs of a run end with it, however it ends", async (t) => {
  const program = `
    import { runSteps } from "./dist/benchmarks/harness/processes.js";
    runSteps([{ command: ["sh", "-c", "echo $$ >&2; exec sleep 600"] }]).catch(() => {});
    setTimeout(() => process.exit(143), 500);`;
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  t.is(run.status, 143, run.stderr);
  const pid = Number(run.stderr.trim());
  t.true(pid > 0);
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  t.pass();
});

/** A zombie is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
