// Trials of the punt manager.
import { readFileSync } from "node:fs";
import { Pace } from "../../lib/punt/reconcile/index.js";
import { vppProgram } from "../../test/support/machine/programs.js";
import { atLeast, atMost, type Row, ratioAtMost, type Side, type Suite, shown, type Trial } from "../harness/trial.js";

// Runs N punts of four types on an embedded VPP, which has a core of its own if the machine has two.
const run =
  (count: number): Side =>
  (workspace) => [{ command: workspace.script("manager/scale", count) }];

function growth(name: string, figure: string): Row {
  const value = (results: Record<string, number>[]) => results.at(-1)![figure]!;
  return { name, unit: "ms", value, target: ratioAtMost(2.2) };
}

const ROUNDS = 15;
const types = ["HAIRPIN_XCONNECT", "HAIRPIN", "SPAN", "ABX", "DHCP_PROXY", "ISISX"];

/** The manager looks at VPP this often by default, if a look is short. */
const RESYNC_MS = new Pace().interval;

/** Punts that are CREATED and stay so. VPP's own CPU time is another process's. */
function idle(count: number): Trial {
  return {
    name: `${count.toLocaleString("en")} idle punts`,
    ours: (workspace) => [{ command: workspace.script("manager/idle", count, 5) }],
    rows: [
      { name: "CPU", unit: "%", value: ([manager]) => manager!.percent!, target: atMost(0.5) },
      {
        name: "CPU with a resync every 10 s",
        unit: "%",
        value: ([manager]) => manager!.percent! + (100 * manager!.resyncCpuMs!) / RESYNC_MS,
        target: shown,
      },
    ],
  };
}

/** The time from `add` to CREATED, for a TAP without the part that Linux needed. */
function created(name: string, figure: string): Row {
  const value = (results: Record<string, number>[]) =>
    results.at(-1)![figure]! - (results.at(-1)![`${figure} in Linux`] ?? 0);
  return { name, unit: "ms", value, target: atMost(20) };
}

/** Each memif of the embedded VPP has a descriptor; VPP and the manager have few others. */
const DESCRIPTORS = Number(/^Max open files +\d+ +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);

/** Ten thousand punts of one type in one change, against two thousand. A linear cost grows by five. */
function many(type: string, interconnect: string): Trial {
  const run =
    (count: number): Side =>
    (workspace) => [{ command: workspace.script("manager/types", count, type, interconnect) }];
  const last = (figure: string) => (results: Record<string, number>[]) => results.at(-1)![figure]!;
  const grows = (name: string, figure: string) => ({ name, unit: "ms", value: last(figure), target: ratioAtMost(6.5) });
  const memifs = interconnect !== "MEMIF" ? 0 : type.startsWith("HAIRPIN") ? 20_000 : 10_000;
  return {
    name: `10,000 ${type} over ${interconnect} in one change, against 2,000`,
    ours: run(10_000),
    peer: run(2_000),
    rows: [
      { name: "apply", unit: "ms", value: last("applyMs"), target: atMost(10_000) },
      grows("processor time of the manager during apply", "applyCpuMs"),
      grows("processor time of VPP during apply", "applyVppCpuMs"),
      grows("plan", "planMs"),
      grows("list", "listMs"),
      grows("resync", "resyncMs"),
      grows("delete", "deleteMs"),
    ],
    unavailable: () =>
      DESCRIPTORS > memifs + 200 ? undefined : `a process has ${DESCRIPTORS} descriptors here (ulimit -Hn)`,
  };
}

const suite: Suite = {
  trials: [
    ...types.flatMap((type) => ["MEMIF", "TAP"].map((interconnect) => many(type, interconnect))),
    many("PUNT_TO_SOCKET", "AF_UNIX"),
    {
      name: "2,000 punts against 1,000",
      ours: run(2000),
      peer: run(1000),
      rows: [growth("add", "addMs"), growth("resync", "resyncMs"), growth("delete", "deleteMs")],
    },
    {
      name: "1,000 punts: resync after VPP's restart against adding",
      ours: run(1000),
      rows: [
        {
          name: "resync / add",
          unit: "x",
          value: (results) => results.at(-1)!.resyncMs! / results.at(-1)!.addMs!,
          target: atMost(2),
        },
        { name: "memory of the manager", unit: "MB", value: (results) => results.at(-1)!.mb!, target: atMost(400) },
      ],
    },
    idle(1000),
    {
      name: "one look at a steady VPP of 10,000 interfaces, ten punts",
      ours: (workspace) => [{ command: workspace.script("manager/look", 10_000) }],
      rows: [
        { name: "time", unit: "ms", value: (results) => results.at(-1)!.ms!, target: shown },
        { name: "processor time", unit: "ms", value: (results) => results.at(-1)!.cpuMs!, target: shown },
        { name: "of a core, by default", unit: "%", value: (results) => results.at(-1)!.percent!, target: atMost(1) },
      ],
    },
    {
      name: "messages while 1,000 punts are configured, against the same ones from the bare client",
      ours: (workspace) => [{ command: workspace.script("manager/pipeline", 1000) }],
      rows: [
        {
          name: "manager / client",
          unit: "x",
          value: (results) => results.at(-1)!.managerRate! / results.at(-1)!.clientRate!,
          target: atLeast(0.5),
        },
      ],
    },
    {
      name: "add on an idle VPP",
      ours: (workspace) => [{ command: workspace.script("manager/created", ROUNDS) }],
      rows: [
        created("PUNT_TO_SOCKET", "PUNT_TO_SOCKET AF_UNIX"),
        ...types.map((type) => created(`${type}, MEMIF`, `${type} MEMIF`)),
        ...types.map((type) => created(`${type}, TAP, without Linux's part`, `${type} TAP`)),
      ],
      unavailable: () =>
        (vppProgram() === undefined ? "there is no VPP here" : undefined) ??
        (process.getuid?.() === 0 ? undefined : "it needs root"),
    },
  ],
};

export default suite;
