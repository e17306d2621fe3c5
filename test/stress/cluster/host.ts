// One host of the cluster: a network namespace, a VPP and the daemons that serve it.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Vpp } from "../../../lib/binapi/index.js";
import { main } from "../../support/cli/command.js";
import { programPath } from "../../support/program.js";
import { snapshot } from "../../support/vpp/snapshot.js";
import { Child, pause } from "./child.js";
import type { HostNetwork } from "./network.js";
import type { VppOrder } from "./vpp-process.js";

const VPP_SCRIPT = programPath("test/stress/cluster/vpp-process.js");

/** Seconds. */
export const LEASE = 6;

export class HostDaemon {
  readonly name: string;
  readonly #host: Host;
  #child: Child | undefined;
  /** The role that its log named last. */
  role = "none";

  constructor(host: Host, name: string) {
    this.#host = host;
    this.name = name;
  }

  start(): void {
    const host = this.#host;
    const file = host.at(`${this.name}.yaml`);
    writeFileSync(
      file,
      stringify({ ...host.daemonOptions, state: host.at(this.name), etcd: { ...host.etcd, name: this.name } }),
    );
    this.role = "none";
    const words = host.inside(process.execPath, main, "daemon", "--config", file);
    this.#child = new Child({ words, log: host.at(`${this.name}.log`), onLine: (line) => this.#read(line) });
  }

  #read(line: string): void {
    const role = /"role":"([a-z-]+)"/.exec(line)?.[1];
    if (role) this.role = role;
  }

  get isAlive(): boolean {
    return this.#child?.isAlive ?? false;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child!.signal(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await this.#child?.end(signal);
    this.role = "none";
  }
}

export interface HostOptions {
  readonly number: number;
  /** How many daemons serve it. */
  readonly daemons: number;
  readonly isReal: boolean;
}

export class Host {
  readonly number: number;
  readonly isReal: boolean;
  readonly daemons: readonly HostDaemon[];
  readonly #network: HostNetwork;
  readonly #directory: string;
  #vpp: Child | undefined;
  #ready: (() => void) | undefined;
  #apiSocket = "";
  /** The operator's objects in VPP, as lines. */
  #foreign: readonly string[] = [];

  constructor(network: HostNetwork, directory: string, { number, daemons, isReal }: HostOptions) {
    this.number = number;
    this.isReal = isReal;
    this.#network = network;
    this.#directory = join(directory, `h${number}`);
    for (const folder of ["", "vpp"]) mkdirSync(join(this.#directory, folder));
    this.daemons = Array.from({ length: daemons }, (_, index) => new HostDaemon(this, `h${number}d${index + 1}`));
  }

  get name(): string {
    return `host${this.number}`;
  }

  at(name: string): string {
    return join(this.#directory, name);
  }

  inside(...words: string[]): string[] {
    return this.#network.inside(this.#network.host(this.number), ...words);
  }

  get socket(): string {
    return this.at("manager.sock");
  }

  get etcd() {
    return { endpoints: `http://10.77.${this.number}.1:2379`, host: this.name, lease: LEASE, timeout: 1_000 };
  }

  get daemonOptions() {
    return {
      ...{ socket: this.socket, vppSocket: this.#apiSocket, socketDirectory: this.at("sockets") },
      manager: { memifDirectory: this.at("memif"), resyncInterval: 1_000 },
    };
  }

  /** The daemon that acts, as their logs say. */
  get leader(): HostDaemon | undefined {
    return this.daemons.find(({ role, isAlive }) => isAlive && role === "leader");
  }

  /** VPP's interface that packets come in by. */
  get wire(): string {
    return this.isReal ? "host-vppwire" : "eth0";
  }

  async startVpp(): Promise<void> {
    const job = JSON.stringify({ directory: this.at("vpp"), isReal: this.isReal });
    const ready = this.#becomesReady();
    this.#vpp = new Child({
      words: this.inside(process.execPath, VPP_SCRIPT, job),
      log: this.at("vpp.log"),
      ipc: true,
    });
    this.#vpp.process.on("message", ({ ready: socket }: { ready: string }) => {
      this.#apiSocket = socket;
      this.#ready?.();
    });
    await this.#there(ready);
    this.#foreign = await this.lines();
  }

  /** Kills VPP. Resolves when the next one is there, as the operator configures it. */
  async killVpp(downMs: number): Promise<void> {
    const ready = this.#becomesReady();
    this.#order({ kill: downMs });
    await this.#there(ready);
  }

  /** Sends a packet to each port, by the interface that all mirrors are of. */
  send(text: string, ports: readonly number[]): void {
    this.#order({ send: text, ports });
  }

  /** VPP's whole configuration, as lines. */
  async lines(): Promise<string[]> {
    await using vpp = await Vpp.connect({ socketPath: this.#apiSocket, wait: 60_000, reconnect: false });
    return await snapshot(vpp);
  }

  /** Returns the operator's objects that have changed; with `isOnly`, also all other objects. */
  async differences(isOnly: boolean): Promise<string[]> {
    const lines = await this.lines();
    const gone = this.#foreign.filter((line) => !lines.includes(line)).map((line) => `${this.name}: - ${line}`);
    const more = isOnly ? lines.filter((line) => !this.#foreign.includes(line)) : [];
    return [...gone, ...more.map((line) => `${this.name}: + ${line}`)];
  }

  async end(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.end("SIGTERM")));
    if (!this.#vpp?.isAlive) return;
    this.#order({ end: true });
    await Promise.race([this.#vpp.exited, pause(60_000)]);
    await this.#vpp.end();
  }

  /** Ends everything without a word. */
  async abandon(): Promise<void> {
    await Promise.all([...this.daemons.map((daemon) => daemon.end("SIGKILL")), this.#vpp?.end()]);
  }

  /** @throws Error if the process that runs VPP has ended instead */
  async #there(ready: Promise<void>): Promise<void> {
    const ended = this.#vpp!.exited.then(() => Promise.reject(new Error(`the VPP of ${this.name} ended: see its log`)));
    await Promise.race([ready, ended]);
  }

  #order(order: VppOrder): void {
    this.#vpp!.process.send(order);
  }

  #becomesReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#ready = resolve;
    });
  }
}
