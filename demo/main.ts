// npm run demo [-- --json]: VPP's punts end to end, with the embedded VPP. Exits with 0 only if all is as expected.
import { type ClusterStep, QUESTIONS, runCluster } from "./cluster.js";
import { closing, endBySignal } from "./ending.js";
import { measureRates, type RateResult } from "./rates.js";
import { type PuntResult, replay } from "./replay.js";
import { createReport, type Report } from "./report.js";
import { isGood, runTypes, type TypeResult } from "./types.js";
import { startVpp } from "./vpp.js";

const HELP = `usage: npm run demo [-- --json]

Shows VPP's punts end to end on the embedded VPP, without root. With --json, prints the outcome as JSON.`;

function readArguments(): { readonly json: boolean } {
  const [word] = process.argv.slice(2).filter((each) => each !== "--json");
  if (word === undefined) return { json: process.argv.includes("--json") };
  console.log(word === "--help" ? HELP : `demo: ${word} is not an option; there are --json and --help`);
  process.exit(word === "--help" ? 0 : 2);
}

const values = readArguments();

interface Outcome {
  readonly punts: readonly PuntResult[];
  readonly answered: boolean;
  readonly types: readonly TypeResult[];
  readonly survived: boolean;
  readonly cluster: readonly ClusterStep[];
  readonly rates: { readonly puntSocket: RateResult; readonly memif: RateResult };
}

async function run(report: Report): Promise<Outcome> {
  const vpp = await startVpp();
  return closing(
    () => vpp.close(),
    async () => {
      report.heading("A capture of real traffic through three punts of VPP (embedded), and an answer");
      const { punts, answered } = await replay(vpp, report);
      report.heading("All seven types of punt, and VPP killed in the middle");
      const { types, survived } = await runTypes(vpp, report);
      report.heading(
        "A daemon and two CNFs in processes of their own, on one interface; one CNF killed, then the daemon",
      );
      const cluster = await runCluster(report);
      report.heading("Rates");
      return { punts, answered, types, survived, cluster, rates: await measureRates(vpp.directory, report) };
    },
  );
}

function isOk({ punts, answered, types, survived, cluster, rates }: Outcome): boolean {
  const received = [rates.puntSocket, rates.memif].every((rate) => rate.sent > 0 && rate.received === rate.sent);
  return (
    punts.every(({ ok }) => ok) &&
    answered &&
    types.every(isGood) &&
    survived &&
    cluster.every(({ ok }) => ok) &&
    received
  );
}

function jsonOf(outcome: Outcome): object {
  const { punts, types, survived, cluster, rates } = outcome;
  return {
    ok: isOk(outcome),
    punts: punts.map(({ name, expected, received }) => ({ name, expected, received })),
    rates: { puntSocketPps: rates.puntSocket.pps, memifPps: rates.memif.pps },
    types,
    restart: { survived },
    cluster: cluster.map(({ step, dns, ntp }) => ({ step, questions: QUESTIONS, dns, ntp })),
  };
}

function tell(report: Report, { punts, answered, types, survived, cluster, rates }: Outcome): void {
  const rateRow = ({ name, sent, received, pps }: RateResult) => [
    `rate of ${name}`,
    sent,
    received,
    `${pps.toLocaleString("en")}/s`,
  ];
  report.line("");
  report.table(
    ["punt", "expected", "received", "rate"],
    [
      ...punts.map(({ name, expected, received }) => [name, expected, received, ""]),
      ...types.map(({ type, interconnect, expected, received }) => [
        `${type} over ${interconnect}`,
        expected,
        received,
        "",
      ]),
      ...[rates.puntSocket, rates.memif].map(rateRow),
    ],
  );
  report.line(`\nThe answer left by the interface of the query: ${answered ? "yes" : "NO"}`);
  report.line(`All punts back after VPP's restart: ${survived ? "yes" : "NO"}`);
  const isKept = cluster.every(({ ok }) => ok);
  report.line(`Two CNFs and a daemon, each killed without harm to the others: ${isKept ? "yes" : "NO"}`);
}

endBySignal();
const report = createReport(values.json);
const outcome = await run(report);
tell(report, outcome);
if (values.json) console.log(JSON.stringify(jsonOf(outcome)));
process.exitCode = isOk(outcome) ? 0 : 1;
