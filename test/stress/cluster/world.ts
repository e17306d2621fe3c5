// The cluster: hosts, etcd and CNFs, and the checks of what must hold when nothing disturbs them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMade, type PuntIdInput } from "../../../lib/punt/index.js";
import { pause } from "./child.js";
import { Cnf } from "./cnf.js";
import { EtcdProcess } from "./etcd-process.js";
import { Host } from "./host.js";
import { command, HostNetwork } from "./network.js";
import { patiently } from "./patience.js";

/** Daemons of each host. */
const DAEMONS = [2, 2, 1] as const;
/** How long what is left over may stay as it is. */
const LEFT_SECONDS = 40;
/** A port that no CNF serves: mirrors see its packets all the same. */
const DISCARD = 9;

export interface WorldOptions {
  readonly cnfs: number;
  /** Whether the last host has a real VPP. */
  readonly hasReal: boolean;
  say(text: string): void;
}

export class World {
  readonly directory: string;
  readonly name = `vpc${process.pid % 100_000}`;
  readonly network: HostNetwork;
  readonly etcd: EtcdProcess;
  readonly hosts: readonly Host[];
  readonly cnfs: readonly Cnf[];
  readonly #options: WorldOptions;
  #sent = 0;
  /** The devices of each host before its first punt. */
  #devices: string[][] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.directory = mkdtempSync(join(tmpdir(), `${this.name}-`));
    this.network = new HostNetwork(this.name);
    this.etcd = new EtcdProcess(this.network, this.directory);
    this.hosts = DAEMONS.map(
      (daemons, index) =>
        new Host(this.network, this.directory, {
          ...{ number: index + 1, daemons, isReal: options.hasReal && index === DAEMONS.length - 1 },
        }),
    );
    this.cnfs = Array.from({ length: options.cnfs }, (_, index) => new Cnf(index, this.#placeOf(index)));
  }

  #placeOf(index: number) {
    const host = this.hosts[index % this.hosts.length]!;
    const log = host.at(`cnf${index}.log`);
    return {
      wire: host.wire,
      host: host.number,
      socket: host.socket,
      log,
      inside: (...words: string[]) => host.inside(...words),
    };
  }

  async start(): Promise<void> {
    await this.network.open(this.hosts.length);
    await this.etcd.start();
    await Promise.all(this.hosts.map((host) => host.startVpp()));
    this.#devices = await Promise.all(this.hosts.map(({ number }) => this.network.devices(number)));
    for (const host of this.hosts) for (const daemon of host.daemons) daemon.start();
    for (const cnf of this.cnfs) {
      cnf.start();
      // A start takes a core for a moment.
      await pause(100);
    }
  }

  cnfsOf(host: Host): readonly Cnf[] {
    return this.cnfs.filter(({ place }) => place.host === host.number);
  }

  /** Sends one packet to every punt of every host. Returns its text. */
  probe(hosts: readonly Host[] = this.hosts): string {
    const text = `p${++this.#sent}`;
    for (const host of hosts) host.send(text, [DISCARD, ...this.cnfsOf(host).flatMap(({ port }) => port ?? [])]);
    return text;
  }

  /** Waits until everything is as it was asked for. @throws Error with what is not, when nothing moves any more */
  async settle(): Promise<void> {
    const look = async () => {
      // etcd was never restored here.
      const halted = this.hosts.flatMap(({ daemons }) => daemons).find(({ role }) => role === "halted");
      if (halted) throw new Error(`${halted.name} has halted: see its log`);
      return this.#problems();
    };
    await patiently(look, { what: "not settled", say: this.#options.say });
  }

  async #problems(): Promise<string[]> {
    const states = this.cnfs.flatMap((cnf) => cnf.problems());
    const leading = this.hosts
      .filter((host) => !host.leader)
      .map((host) => `${host.name}: no daemon says that it leads`);
    if (states.length + leading.length > 0) return [...states, ...leading];
    const text = this.probe();
    const end = performance.now() + 2_000;
    while (this.cnfs.some((cnf) => cnf.problems(text).length > 0) && performance.now() < end) await pause(20);
    const packets = this.cnfs.flatMap((cnf) => cnf.problems(text));
    if (packets.length > 0) return packets;
    const differences = await Promise.all(this.hosts.map((host) => host.differences(false)));
    return [...differences.flat(), ...(await this.#listed())];
  }

  /** Returns the punts that etcd has beyond the requests, and the punts that it lacks. */
  async #listed(): Promise<string[]> {
    const wanted = new Set(
      this.cnfs.flatMap(({ place, requests }) => requests.map((request) => textOf(`host${place.host}`, request))),
    );
    const found = await this.etcd.list().catch((error: Error) => error);
    if (found instanceof Error) return [found.message];
    const names = new Set(found.map(({ host, id }) => textOf(host, id)));
    return [
      ...[...wanted].filter((name) => !names.has(name)).map((name) => `etcd has no punt ${name}`),
      ...[...names].filter((name) => !wanted.has(name)).map((name) => `etcd has a punt that no CNF asks for: ${name}`),
      ...found
        .filter(({ state }) => !isMade(state))
        .map(({ host, id, state, reasons }) => `${textOf(host, id)} is ${state}: ${reasons}`),
    ];
  }

  /** Ends the CNFs, deletes all punts by etcd, and ends the rest. Returns what is left over on the hosts. */
  async finish(): Promise<string[]> {
    await Promise.all(this.cnfs.map((cnf) => cnf.end("SIGTERM")));
    const none = join(this.directory, "none.yaml");
    writeFileSync(none, "punts: []\n");
    for (const { name } of this.hosts) await this.etcd.cli("apply", none, "--prune", "--host", name);
    const left = await this.#left();
    await Promise.all(this.hosts.map((host) => host.end()));
    await this.etcd.kill();
    return left;
  }

  /** Waits for what is deleted last. */
  async #left(): Promise<string[]> {
    let left: string[] = [];
    const look = async () => {
      const differences = await Promise.all(this.hosts.map((host) => host.differences(true)));
      const devices = await Promise.all(this.hosts.map((host, index) => this.#newDevices(host, this.#devices[index]!)));
      left = [...differences, ...devices].flat();
      return left;
    };
    await patiently(look, { what: "left over", still: LEFT_SECONDS }).catch(() => {});
    return left;
  }

  async #newDevices({ number, name }: Host, before: readonly string[]): Promise<string[]> {
    const now = await this.network.devices(number);
    return now.filter((each) => !before.includes(each)).map((each) => `${name}: device ${each}`);
  }

  /** A daemon keeps a namespace that a CNF has handed over for a minute after its last punt. */
  async #unpin(): Promise<void> {
    const mounts = await command("findmnt", "--noheadings", "--list", "--output", "TARGET");
    for (const path of mounts.split("\n").filter((each) => each.startsWith(`${this.directory}/`)))
      await command("umount", "--lazy", path);
  }

  /** Ends everything at once, and removes the folder unless it is to be kept. */
  async abandon(isKept: boolean): Promise<void> {
    await Promise.all([...this.cnfs.map((cnf) => cnf.end()), ...this.hosts.map((host) => host.abandon())]);
    await this.etcd.kill();
    await this.#unpin();
    await this.network.close();
    if (isKept) this.#options.say(`logs: ${this.directory}`);
    else rmSync(this.directory, { recursive: true, force: true });
  }
}

function textOf(host: string, { cnf, key = "", label = "" }: PuntIdInput): string {
  return `${host} ${[cnf, key, label].filter(Boolean).join("/")}`;
}
