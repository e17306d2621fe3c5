// Trials of the binary API's client on a real VPP.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { vppProgram } from "../../test/support/machine/programs.js";
import { apiFolder, hasPapi, PYTHON, papiEnvironment } from "../../test/support/vpp/papi.js";
import { libraryFolder } from "../harness/libraries.js";
import { atMost, type Row, ratioAtLeast, type Side, type Suite, type Trial, type Workspace } from "../harness/trial.js";

// VPP runs on one core, the measured client on the other.
const SECONDS = 2;
/** Kills in one run; there are five runs by default. */
const KILLS = 20;

const noVpp = () => (vppProgram() === undefined ? "there is no VPP here" : undefined);
const prefix = () => dirname(dirname(vppProgram()!));
const noVapi = () =>
  noVpp() ?? (existsSync(join(prefix(), "include/vapi/vapi.h")) ? undefined : "no headers of VPP's C client");
const noPapi = () => noVpp() ?? (hasPapi() ? undefined : "vpp_papi for python3 is not here");

/** Interfaces of VPP beside local0. */
const FEW = 20;
const MANY = 9999;

/** Runs a VPP with loopbacks beside a command, which is given the path of VPP's API socket. */
function onVpp(command: (workspace: Workspace, socket: string) => (string | number)[], loopbacks = FEW): Side {
  return (workspace) => {
    const socket = join(workspace.folder, "api.sock");
    const vpp = { command: workspace.script("vpp/vpp", socket, loopbacks), cpu: 0 };
    return [vpp, { command: command(workspace, socket).map(String), cpu: 1 }];
  };
}

const raw = (window: number) => onVpp((w, socket) => [w.peer("binapi_raw"), socket, window, SECONDS]);
type Words = readonly (string | number)[];
const ours = (words: Words, loopbacks?: number) =>
  onVpp((w, socket) => w.script("binapi/client", socket, ...words, SECONDS), loopbacks);
const vapi = (words: Words, loopbacks?: number) =>
  onVpp((w, socket) => [vapiPeer(w), socket, ...words, SECONDS], loopbacks);

/** Runs VPP's Python client, from VPP's own folder where it is there. */
function papi(what: "ping" | "dump", loopbacks?: number): Side {
  const run = onVpp((w, socket) => [PYTHON, w.source("papi.py"), socket, apiFolder(), what, SECONDS], loopbacks);
  const { PYTHONPATH } = papiEnvironment();
  return (workspace) => run(workspace).map((step) => ({ ...step, ...(PYTHONPATH && { env: { PYTHONPATH } }) }));
}

function vapiPeer(workspace: Workspace): string {
  const libraries = libraryFolder(prefix(), "vapiclient");
  const names = ["vapiclient", "vppinfra", "vlibmemoryclient", "svm"].map((name) => `-l${name}`);
  const paths = ["-isystem", join(prefix(), "include"), `-L${libraries}`, `-Wl,-rpath,${libraries}`];
  return workspace.peer("binapi_vapi", [...paths, ...names]);
}

function rate(unit: string, least: number): Row[] {
  return [{ name: "rate", unit, value: (results) => results.at(-1)!.rate!, target: ratioAtLeast(least) }];
}

function connect(schema: string, ms: number, mb: number): Trial {
  return {
    name: `connect, schema ${schema}`,
    ours: onVpp((w, socket) => w.script("binapi/connect", socket, schema)),
    rows: [
      { name: "time", unit: "ms", value: (results) => results.at(-1)!.ms!, target: atMost(ms) },
      { name: "memory", unit: "MB", value: (results) => results.at(-1)!.mb!, target: atMost(mb) },
    ],
    unavailable: noVpp,
  };
}

const trials: Trial[] = [
  ...[64, 256].map(
    (window): Trial => ({
      name: `${window} in flight, against raw C`,
      ours: ours(["ping", window]),
      peer: raw(window),
      rows: rate("requests/s", 0.5),
      unavailable: noVpp,
    }),
  ),
  {
    name: "64 in flight, against VPP's C client",
    ours: ours(["ping", 64]),
    peer: vapi(["ping", 64]),
    rows: rate("requests/s", 1.5),
    unavailable: noVapi,
  },
  {
    name: "one at a time, against raw C",
    ours: ours(["ping", 1]),
    peer: raw(1),
    rows: rate("requests/s", 0.8),
    unavailable: noVpp,
  },
  {
    name: "one at a time, against vpp_papi",
    ours: ours(["ping", 1]),
    peer: papi("ping"),
    rows: rate("requests/s", 2),
    unavailable: noPapi,
  },
  ...[FEW, MANY].flatMap((loopbacks): Trial[] => [
    {
      name: `dump of ${loopbacks + 1} interfaces, against VPP's C client`,
      ours: ours(["dump"], loopbacks),
      peer: vapi(["dump"], loopbacks),
      rows: rate("details/s", 1),
      unavailable: noVapi,
    },
    {
      name: `dump of ${loopbacks + 1} interfaces, against vpp_papi`,
      ours: ours(["dump"], loopbacks),
      peer: papi("dump", loopbacks),
      rows: rate("details/s", 2),
      unavailable: noPapi,
    },
  ]),
  connect("auto", 150, 40),
  connect("builtin", 20, 20),
  {
    name: `VPP killed with 10,000 in flight, ${KILLS} times`,
    ours: (workspace) => [{ command: workspace.script("binapi/lost", KILLS) }],
    rows: [
      { name: "all rejected, median", unit: "ms", value: (results) => results.at(-1)!.p50!, target: atMost(10) },
      { name: "all rejected, slowest", unit: "ms", value: (results) => results.at(-1)!.max!, target: atMost(10) },
    ],
    unavailable: noVpp,
  },
];

export default { trials } satisfies Suite;
