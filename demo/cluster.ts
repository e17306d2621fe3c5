// The third part: a daemon and two CNFs in processes of their own, on one interface of one VPP. One CNF is killed, then the daemon.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedVpp, type SpawnedVpp } from "../lib/sim/index.js";
import { closing } from "./ending.js";
import type { Report } from "./report.js";
import { udpQuestion, udpText } from "./udp.js";
import { until } from "./until.js";

/** Answers of each CNF to its questions, at one moment. */
export interface ClusterStep {
  readonly step: string;
  readonly dns: number;
  readonly ntp: number;
  readonly ok: boolean;
}

/** Questions to each CNF in a step. */
export const QUESTIONS = 20;
/** Questions to a CNF at once. The queue of a punt socket has room for 11 by Linux's default (net.unix.max_dgram_qlen). */
const BURST = 5;
const PORTS = { dns: 53, ntp: 123 } as const;
type Name = keyof typeof PORTS;

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The processes beside VPP, and the last status of each CNF. */
class Cluster {
  readonly #vpp: SpawnedVpp;
  readonly #socket: string;
  readonly #children = new Map<string, ChildProcess>();
  readonly #status = new Map<string, string>();
  #isClosed = false;

  constructor(vpp: SpawnedVpp) {
    this.#vpp = vpp;
    this.#socket = join(vpp.directory, "manager.sock");
  }

  async startDaemon(): Promise<void> {
    if (this.#isClosed) return;
    const { directory, apiSocket } = this.#vpp;
    const config = join(directory, "daemon.yaml");
    const options = {
      ...{ socket: this.#socket, vppSocket: apiSocket, state: join(directory, "state") },
      ...{ socketDirectory: join(directory, "sockets"), manager: { memifDirectory: join(directory, "memif") } },
    };
    await writeFile(config, JSON.stringify(options));
    const command = [file("../lib/cli/main.js"), "daemon", "--config", config];
    this.#children.set("daemon", spawn(process.execPath, command, { stdio: "ignore" }));
  }

  startCnf(name: Name): void {
    if (this.#isClosed) return;
    const child = fork(file("responder.js"), [name, `${PORTS[name]}`, this.#socket]);
    child.on("message", (status) => this.#status.set(name, `${status}`));
    this.#children.set(name, child);
  }

  async kill(name: string): Promise<void> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    this.#status.delete(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Resolves with whether the CNF comes to that status. */
  reaches(name: Name, status: string): Promise<boolean> {
    return until(() => this.#status.get(name) === status);
  }

  /** Asks both CNFs; resolves with how many of the questions each has answered rightly. */
  async ask(expected: Readonly<Record<Name, number>>): Promise<Record<Name, number>> {
    const answers: Record<Name, number> = { dns: 0, ntp: 0 };
    await this.#vpp.transmitted("lan");
    for (let asked = 0; asked < QUESTIONS; ) {
      const first = asked;
      asked += BURST;
      for (const [name, port] of Object.entries(PORTS)) {
        const questions = Array.from({ length: BURST }, (_, index) => udpQuestion(port, `${name}?${first + index}`));
        await this.#vpp.inject("lan", questions);
      }
      const isDone = async () => {
        for (const text of (await this.#vpp.transmitted("lan")).map(udpText)) {
          for (const name of ["dns", "ntp"] as const) if (text.startsWith(`${name}:${name}?`)) answers[name]++;
        }
        return answers.dns >= Math.min(asked, expected.dns) && answers.ntp >= Math.min(asked, expected.ntp);
      };
      if (!(await until(isDone, 30_000))) break;
    }
    return answers;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const name of [...this.#children.keys()]) await this.kill(name);
  }
}

/** Runs it; resolves with what each step brought. */
export async function runCluster(report: Report): Promise<readonly ClusterStep[]> {
  const exec = ["set interface state lan up", "set interface ip address lan 10.0.0.1/24"];
  const vpp = await EmbeddedVpp.spawn({ interfaces: [{ name: "lan", mac: "02:fc:00:00:00:01" }], exec });
  const cluster = new Cluster(vpp);
  const steps: ClusterStep[] = [];
  const look = async (step: string, isReached: boolean, expected: Record<Name, number>) => {
    const answers = await cluster.ask(expected);
    const ok = isReached && answers.dns === expected.dns && answers.ntp === expected.ntp;
    steps.push({ step, ...answers, ok });
    report.line(`${step}: dns answers ${answers.dns} of ${QUESTIONS}, ntp ${answers.ntp} of ${QUESTIONS}`);
  };
  const both = { dns: QUESTIONS, ntp: QUESTIONS };
  const close = async () => {
    await cluster.close();
    await vpp.close();
  };
  return closing(close, async () => {
    await cluster.startDaemon();
    for (const name of ["dns", "ntp"] as const) cluster.startCnf(name);
    const areReady = async () => (await cluster.reaches("dns", "ready")) && (await cluster.reaches("ntp", "ready"));
    await look("both CNFs are ready", await areReady(), both);
    await cluster.kill("dns");
    await look("dns was killed", true, { dns: 0, ntp: QUESTIONS });
    cluster.startCnf("dns");
    await look("dns is back", await areReady(), both);
    await cluster.kill("daemon");
    await look("the daemon was killed", await cluster.reaches("ntp", "ready DAEMON_AWAY"), both);
    await cluster.startDaemon();
    await look("the daemon is back", await areReady(), both);
    return steps;
  });
}
