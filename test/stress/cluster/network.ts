// The hosts' network: a namespace for each host and one for etcd, linked by veth pairs. Nothing of this machine's own is touched.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
/** A program that hangs ends the run; a slow machine does not. */
const RUN_WITHIN_MS = 180_000;

/** Runs a program to its end. Returns its standard output. */
export async function command(name: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(name, args, { timeout: RUN_WITHIN_MS, maxBuffer: 1 << 28 });
  return stdout;
}

export class HostNetwork {
  readonly #name: string;
  readonly #namespaces: string[] = [];

  /** `name`: what every name begins with; at most 8 characters. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Makes the namespaces of etcd and of `hosts` hosts. */
  async open(hosts: number): Promise<void> {
    await this.#add(this.etcd);
    for (let host = 1; host <= hosts; host++) {
      await this.#add(this.host(host));
      const [far, near] = [`${this.#name}h${host}`, `${this.#name}e${host}`];
      const ends = ["type", "veth", "peer", "name", near, "netns", this.host(host)];
      await command("ip", "-n", this.etcd, "link", "add", far, ...ends);
      await this.#address(this.etcd, far, `10.77.${host}.1/30`);
      await this.#address(this.host(host), near, `10.77.${host}.2/30`);
    }
  }

  get etcd(): string {
    return `${this.#name}etcd`;
  }

  host(number: number): string {
    return `${this.#name}host${number}`;
  }

  /** Returns the words that run a program in a namespace, with this process's mounts. The program ends with this process. */
  inside(namespace: string, ...words: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${namespace}`, "setpriv", "--pdeathsig", "KILL", ...words];
  }

  /** Takes etcd's end of a host's link down, or up. */
  async cut(host: number, isCut: boolean): Promise<void> {
    await command("ip", "-n", this.etcd, "link", "set", `${this.#name}h${host}`, isCut ? "down" : "up");
  }

  /** Names of devices in a host's namespace. */
  async devices(host: number): Promise<string[]> {
    const links = JSON.parse(await command("ip", "-j", "-n", this.host(host), "link")) as { ifname: string }[];
    return links.map(({ ifname }) => ifname).sort();
  }

  async close(): Promise<void> {
    for (const name of this.#namespaces.splice(0)) await command("ip", "netns", "del", name).catch(() => {});
  }

  async #add(name: string): Promise<void> {
    await command("ip", "netns", "add", name);
    this.#namespaces.push(name);
    await command("ip", "-n", name, "link", "set", "lo", "up");
  }

  async #address(namespace: string, device: string, address: string): Promise<void> {
    await command("ip", "-n", namespace, "addr", "add", address, "dev", device);
    await command("ip", "-n", namespace, "link", "set", device, "up");
  }
}
