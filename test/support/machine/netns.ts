// Test hosts: network namespaces linked to a VPP by veth and af_packet, with real programs in them, gone when the test is.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { RealVpp } from "../vpp/real.js";
import { atEnd } from "./at-end.js";
import { program } from "./programs.js";

const run = promisify(execFile);
/** Less than AVA's limit, after which it ends all tests. */
const RUN_WITHIN_MS = 100_000;
/** Names are `pt<pid>n<number>`: who made one can be told when it is dead. Linux allows a device 15 characters. */
const prefix = "pt";
const networks = new Set<Network>();

atEnd(() => {
  for (const network of networks) network.abandon();
});

/** Runs a program; its standard output, or an error with all it wrote. */
export async function command(name: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(program(name) ?? name, args, { timeout: RUN_WITHIN_MS });
  return stdout;
}

/** Waits until `probe` gives something true; fails with `what`, and what `describe` says then, after `seconds`. */
export async function until<T>(
  what: string,
  probe: () => Promise<T> | T,
  describe: () => Promise<string> | string = () => "",
  seconds = 120,
): Promise<NonNullable<T>> {
  for (const end = performance.now() + seconds * 1000; ; await sleep(100)) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited for ${what} for ${seconds} s\n${await describe()}`);
  }
}

/** A program that runs until the test ends. */
export class Daemon {
  readonly #child: ChildProcess;
  #output = "";

  constructor(netns: string, name: string, args: readonly string[]) {
    // In a process namespace of its own, which ends with its first process, and that one with us: nothing can stay behind,
    // whatever the program forks and whichever user it becomes.
    const wrapper = [
      "--pdeathsig",
      "KILL",
      "unshare",
      "--pid",
      "--fork",
      "--kill-child",
      "sh",
      "-c",
      '"$@" & wait',
      "sh",
    ];
    const inside = ["ip", "netns", "exec", netns, name, ...args];
    this.#child = spawn("setpriv", [...wrapper, ...inside], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
  }

  /** All it has written. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until its output matches. */
  async says(pattern: RegExp): Promise<string> {
    await until(
      `${pattern}`,
      () => pattern.test(this.#output),
      () => this.#output,
    );
    return this.#output;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** A network namespace: a host of the test's, or the CNF's. */
export class Netns {
  readonly name: string;
  readonly #daemons: Daemon[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Runs a program in it to its end. */
  run(name: string, ...args: readonly string[]): Promise<string> {
    return command("ip", "netns", "exec", this.name, program(name) ?? name, ...args);
  }

  /** `ip -n <this> ...` */
  ip(...args: readonly string[]): Promise<string> {
    return command("ip", "-n", this.name, ...args);
  }

  /** Starts a program in it that ends with the test. */
  daemon(name: string, ...args: readonly string[]): Daemon {
    const daemon = new Daemon(this.name, program(name) ?? name, args);
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Sends pings and returns the number of answers. ping waits for the last answer as long as its interval. */
  async ping(address: string, count = 3): Promise<number> {
    const text = await this.run("ping", "-c", `${count}`, "-i", "0.5", "-W", "1", address).catch(
      (error: { stdout?: string }) => error.stdout ?? "",
    );
    return Number(/(\d+) received/.exec(text)?.[1] ?? 0);
  }

  abandon(): void {
    for (const daemon of this.#daemons) daemon.kill();
    quietly("ip", "netns", "del", this.name);
  }
}

/**
 * A VRF id that other tests do not use at the same time. Names of interconnects come of what is punted: two VPPs of one machine
 * with the same VRF would want the same device in the CNF's namespace, where that is one.
 */
export const ownVrf = 1000 + (process.pid % 100_000);

export interface Link {
  /** Addresses of the host's side, with prefix lengths. */
  readonly addresses?: readonly string[];
  /** Addresses of VPP's side, with prefix lengths. */
  readonly vppAddresses?: readonly string[];
  /** Name of the host's device; "eth0" if left out. */
  readonly device?: string;
  /** VRF of VPP's side, which must exist. */
  readonly vrf?: number;
}

/** The hosts of one test, and their links to VPP. */
export class Network {
  static #number = 0;
  readonly #vpp: Pick<RealVpp, "configure">;
  readonly #hosts: Netns[] = [];
  readonly #devices: string[] = [];
  readonly #links: { readonly device: string; readonly link: Link }[] = [];

  constructor(vpp: Pick<RealVpp, "configure">) {
    sweep();
    this.#vpp = vpp;
    networks.add(this);
  }

  static #name(): string {
    return `${prefix}${process.pid}n${Network.#number++}`;
  }

  async host(): Promise<Netns> {
    const host = new Netns(Network.#name());
    this.#hosts.push(host);
    await command("ip", "netns", "add", host.name);
    await host.ip("link", "set", "lo", "up");
    return host;
  }

  /** Links a host to VPP; VPP's name of its end. */
  async link(host: Netns, link: Link = {}): Promise<string> {
    const [ours, theirs, device] = [Network.#name(), Network.#name(), link.device ?? "eth0"];
    this.#devices.push(ours);
    await command("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs);
    await command("ip", "link", "set", theirs, "netns", host.name);
    await host.ip("link", "set", theirs, "name", device, "up");
    await command("ip", "link", "set", ours, "up");
    // A veth leaves checksums to the "hardware": packets would reach VPP, and the receivers behind it, with wrong ones.
    await host.run("ethtool", "-K", device, "tx", "off");
    for (const address of link.addresses ?? []) await host.ip("addr", "add", address, "dev", device, "nodad");
    this.#links.push({ device: ours, link });
    await this.#attach(ours, link);
    return `host-${ours}`;
  }

  /** A host and VPP as neighbors in a /24, such as "10.2.0": the host is .2 on its eth0, VPP .1. */
  async neighbor(net: string): Promise<{ host: Netns; vppInterface: string }> {
    const host = await this.host();
    const vppInterface = await this.link(host, { addresses: [`${net}.2/24`], vppAddresses: [`${net}.1/24`] });
    return { host, vppInterface };
  }

  /** VPP's ends of all links again: a VPP that has restarted has forgotten them, and its operator configures it as before. */
  async restore(): Promise<void> {
    for (const { device, link } of this.#links) await this.#attach(device, link);
  }

  async #attach(device: string, { vppAddresses = [], vrf }: Link): Promise<void> {
    const name = `host-${device}`;
    // The same MAC address after a restart, which hosts then need not ask for again.
    const [process = 0, number = 0] = device.match(/\d+/g)!.map(Number);
    const mac = [2, process >>> 16, process >>> 8, process, number >>> 8, number].map((byte) =>
      (byte & 255).toString(16),
    );
    await this.#vpp.configure(
      `create host-interface name ${device} hw-addr ${mac.join(":")}`,
      `set interface state ${name} up`,
    );
    // af_packet reports an MTU of 9000 bytes for any device.
    await this.#vpp.configure(`set interface mtu packet 1500 ${name}`);
    if (vrf !== undefined) {
      const families = vppAddresses.map((it) => (it.includes(":") ? "ip6" : "ip"));
      for (const family of new Set(families)) await this.#vpp.configure(`set interface ${family} table ${name} ${vrf}`);
    }
    await this.#vpp.configure(...vppAddresses.map((address) => `set interface ip address ${name} ${address}`));
  }

  /** Removes hosts, links and every program in them. */
  abandon(): void {
    for (const host of this.#hosts) host.abandon();
    // A closing TCP connection can keep a namespace alive after its removal, and with it this end of the link.
    for (const device of this.#devices) quietly("ip", "link", "del", device);
    networks.delete(this);
  }
}

function quietly(name: string, ...args: string[]): void {
  try {
    execFileSync(program(name)!, args, { stdio: "ignore", timeout: RUN_WITHIN_MS });
  } catch {
    // It is gone already.
  }
}

/** Removes namespaces and links of test processes that were killed. */
function sweep(): void {
  const dead = (name: string) => {
    const owner = new RegExp(`^${prefix}(\\d+)n\\d+$`).exec(name)?.[1];
    return owner !== undefined && !existsSync(`/proc/${owner}`);
  };
  const list = (folder: string) => (existsSync(folder) ? readdirSync(folder).filter(dead) : []);
  for (const name of list("/run/netns")) quietly("ip", "netns", "del", name);
  for (const name of list("/sys/class/net")) quietly("ip", "link", "del", name);
}
