// Deployments in containers: a VPP, a daemon, CNFs without any right, and a neighbor on VPP's wire.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { stringify } from "yaml";
import { Vpp } from "../../../lib/binapi/index.js";
import { createAfPacket } from "../../../lib/punt/items/index.js";
import { command, until } from "../machine/netns.js";
import { vppPluginFolder, vppProgram } from "../machine/programs.js";
import { udpAsk } from "../machine/udp-ask.js";
import { composeService } from "./compose.js";
import { APP, type Container, type ContainerOptions, Podman } from "./podman.js";

/** The user of CNFs. deploy/ has the same. */
const CNF_USER = 10_053;
/** Folder of the daemon's sockets, in all containers. */
const RUN = "/run/vpp-punt";
const VPP_RUN = "/run/vpp";
/** A way into VPP's network namespace, in the daemon's container. */
const VPP_NAMESPACE = "/run/vpp-netns";
/** deploy/compose.yaml gives the daemon the same. */
const DAEMON_CAPABILITIES = ["NET_ADMIN", "NET_RAW", "SYS_ADMIN", "DAC_OVERRIDE", "CHOWN", "FOWNER", "SYS_PTRACE"];

/**
 * `host`: VPP and daemon in the host's namespaces. `beside`: both in one container. `apart`: each in a container of its own. `compose`: the
 * same, as deploy/compose.yaml says.
 */
export type Place = "host" | "beside" | "apart" | "compose";
export type Kind = "embedded" | "real";

/** VPP's address on the neighbor's wire. */
const address = (net: string) => `${net}.1`;
/** Where npm installs the package in the image of deploy/Containerfile. */
const IMAGE = "/app/node_modules/vpp-punt";
/** The command of the image. */
const COMPOSE_DAEMON = ["daemon", "--config", "/etc/vpp-punt/daemon.yaml"];
let number = 0;

export class Deployment {
  readonly podman: Podman;
  readonly directory: string;
  readonly net: string;
  readonly #t: ExecutionContext;
  readonly #place: Place;
  readonly #kind: Kind;
  readonly #wire: string;
  readonly #neighbor: string;
  readonly #vppNetns: string;
  #vpp: Container | undefined;
  #daemon: Container | undefined;

  readonly #engine: string | undefined;

  private constructor(t: ExecutionContext, place: Place, kind: Kind, podman: Podman, engine: string | undefined) {
    this.#t = t;
    this.#place = place;
    this.#kind = kind;
    this.podman = podman;
    this.#engine = engine;
    this.directory = this.podman.directory;
    number++;
    this.net = `10.77.${number}`;
    const id = `${process.pid}n${number}`;
    this.#wire = `cw${id}`.slice(0, 15);
    this.#neighbor = `ptc${id}`;
    this.#vppNetns = `ptv${id}`;
  }

  /** With `engine` the daemon asks Podman for containers. */
  static async start(t: ExecutionContext, place: Place, kind: Kind, { engine = false } = {}): Promise<Deployment> {
    const podman = new Podman(t);
    const it = new Deployment(t, place, kind, podman, engine ? await podman.service() : undefined);
    for (const name of ["vpp", "run", "state", "config"]) mkdirSync(join(it.directory, name));
    await it.#wires();
    await it.startVpp();
    await it.startDaemon();
    return it;
  }

  /** Where a folder is for a program of the deployment. */
  #path(name: "vpp" | "run" | "state" | "config"): string {
    const inside = { vpp: VPP_RUN, run: RUN, state: "/state", config: "/config" };
    return this.#place === "host" ? join(this.directory, name) : inside[name];
  }

  get #namespace(): string {
    return this.#place === "host" ? "" : this.#vppNetns;
  }

  /** A neighbor in a namespace of its own, with a veth pair to VPP's namespace. */
  async #wires(): Promise<void> {
    const names = [this.#neighbor, ...(this.#namespace === "" ? [] : [this.#vppNetns])];
    for (const name of names) {
      await command("ip", "netns", "add", name);
      this.#t.teardown(() => command("ip", "netns", "delete", name));
    }
    await command("ip", "link", "add", this.#wire, "type", "veth", "peer", "name", "eth0", "netns", this.#neighbor);
    if (this.#namespace === "") this.#t.teardown(() => command("ip", "link", "delete", this.#wire).catch(() => {}));
    else await command("ip", "link", "set", this.#wire, "netns", this.#vppNetns);
    const inVpp = this.#namespace === "" ? [] : ["-n", this.#vppNetns];
    await command("ip", ...inVpp, "link", "set", this.#wire, "up");
    await command("ip", "netns", "exec", this.#neighbor, "ethtool", "-K", "eth0", "tx", "off");
    await command("ip", "-n", this.#neighbor, "address", "add", `${this.net}.2/24`, "dev", "eth0");
    await command("ip", "-n", this.#neighbor, "link", "set", "eth0", "up");
  }

  get #vppCommand(): string[] {
    const folder = this.#path("vpp");
    if (this.#kind === "embedded")
      return [process.execPath, `${this.#app}/dist/test/support/containers/vpp.js`, folder];
    const path = vppPluginFolder();
    const conf = [
      `unix { nodaemon nocolor nobanner log ${folder}/vpp.log cli-listen ${folder}/cli.sock runtime-dir ${folder} poll-sleep-usec 100 }`,
      `api-segment { prefix ${basename(this.directory)} }`,
      `socksvr { socket-name ${folder}/api.sock }`,
      `punt { socket ${folder}/punt.sock }`,
      `statseg { socket-name ${folder}/stats.sock page-size default size 32M }`,
      "memory { main-heap-size 512M main-heap-page-size default }",
      "buffers { page-size default buffers-per-numa 16384 }",
      path === undefined ? "" : `plugins { path ${path} }`,
    ];
    writeFileSync(join(this.directory, "vpp/startup.conf"), `${conf.join("\n")}\n`);
    return [vppProgram()!, "-c", `${folder}/startup.conf`];
  }

  get #app(): string {
    return this.#place === "host" ? process.cwd() : APP;
  }

  get #daemonCommand(): string[] {
    if (this.#place === "compose") return [process.execPath, `${IMAGE}/dist/lib/cli/main.js`, ...COMPOSE_DAEMON];
    const run = this.#path("run");
    const apart = this.#place === "apart" ? { vppNamespace: VPP_NAMESPACE } : {};
    const engine = this.#engine === undefined ? {} : { containers: this.#engine };
    const options = {
      ...{ socket: `${run}/manager.sock`, socketMode: 0o666, vppSocket: `${this.#path("vpp")}/api.sock` },
      ...{ state: this.#path("state"), socketDirectory: `${this.#path("vpp")}/sockets` },
      manager: { memifDirectory: `${this.#path("vpp")}/memif`, resyncInterval: 500, ...apart, ...engine },
    };
    writeFileSync(join(this.directory, "config/daemon.yaml"), stringify(options));
    return [
      process.execPath,
      `${this.#app}/dist/lib/cli/main.js`,
      "daemon",
      "--config",
      `${this.#path("config")}/daemon.yaml`,
    ];
  }

  /** A service of deploy/compose.yaml. The image has the package where npm installs it. */
  #composed(name: string): ContainerOptions {
    const { directory } = this;
    const folders = { vpp: `${directory}/vpp`, state: `${directory}/state`, [RUN]: `${directory}/run` };
    return { ...composeService(name, folders), packageAt: IMAGE };
  }

  get #vppOptions(): ContainerOptions {
    const network = `ns:/run/netns/${this.#vppNetns}`;
    if (this.#place === "compose") return { ...this.#composed("vpp"), network, packageAt: APP };
    const mounts = [`${this.directory}/vpp:${VPP_RUN}`];
    return { network, privileged: true, mounts };
  }

  get #daemonOptions(): ContainerOptions {
    if (this.#place === "compose") return this.#composed("daemon");
    const { directory } = this;
    const own = ["run", "state", "config"] as const;
    const mounts = [`${directory}/vpp:${VPP_RUN}`, ...own.map((name) => `${directory}/${name}:${this.#path(name)}`)];
    const namespace = `/run/netns/${this.#vppNetns}:${VPP_NAMESPACE}`;
    return this.#place === "beside"
      ? { ...this.#vppOptions, mounts }
      : { network: "none", capabilities: DAEMON_CAPABILITIES, mounts: [...mounts, namespace] };
  }

  /** Starts VPP, and gives it the neighbor's wire. */
  async startVpp(): Promise<void> {
    const [program, ...args] = this.#vppCommand;
    if (this.#place === "host") this.#process(program!, args);
    else if (this.#place !== "beside") this.#vpp = this.podman.start("vpp", [program!, ...args], this.#vppOptions);
    else {
      const both = `${[program, ...args].join(" ")} & exec ${this.#daemonCommand.join(" ")}`;
      this.#daemon = this.podman.start("both", ["/bin/sh", "-c", both], this.#daemonOptions);
    }
    const vpp = await Vpp.connect({ socketPath: join(this.directory, "vpp/api.sock"), wait: 30_000 }).catch((error) => {
      throw new Error(`${error.message}\n${this.#vpp?.output ?? this.#daemon?.output ?? ""}`);
    });
    const sw_if_index = await createAfPacket(vpp, { mac: "02:fd:00:00:00:01", device: this.#wire });
    await vpp.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
    await vpp.call("sw_interface_set_mtu", { sw_if_index, mtu: [1500, 0, 0, 0] });
    const prefix = `${address(this.net)}/24`;
    await vpp.call("sw_interface_add_del_address", { sw_if_index, is_add: true, del_all: false, prefix });
    await vpp.close();
  }

  async killVpp(): Promise<void> {
    await this.#vpp!.kill();
  }

  async startDaemon(): Promise<void> {
    const [program, ...args] = this.#daemonCommand;
    if (this.#place === "host") this.#process(program!, args);
    else if (this.#place !== "beside")
      this.#daemon = this.podman.start("daemon", [program!, ...args], this.#daemonOptions);
    await until(
      "the daemon",
      () => existsSync(join(this.directory, "run/attach.sock")),
      () => this.#daemon?.output ?? "",
    );
  }

  async killDaemon(): Promise<void> {
    await this.#daemon!.kill();
  }

  #process(program: string, args: readonly string[]): void {
    const child = spawn(program, args, { stdio: "ignore" });
    this.#t.teardown(async () => {
      child.kill("SIGKILL");
      await sleep(50);
    });
  }

  /** VPP's name of the interface to the neighbor. */
  get vppInterface(): string {
    return `host-${this.#wire}`;
  }

  /** The CNF of deploy/compose.yaml. */
  startExample(): Container {
    return this.podman.start("dns", [process.execPath, "/app/dns.mjs"], this.#composed("dns"));
  }

  /** A CNF: an unprivileged user in namespaces of its own, with the folder of the daemon's sockets to read and nothing else. */
  startCnf(name: string, request: object): Container {
    return this.podman.start(
      name,
      [process.execPath, `${APP}/dist/test/support/containers/cnf.js`, name, JSON.stringify(request)],
      { user: CNF_USER, mounts: [`${this.directory}/run:${RUN}:ro`] },
    );
  }

  /** A program without the module: a UDP server in a container without network. */
  startPlain(name: string, port: number, label: string): Container {
    const env = { MICROSERVICE_LABEL: label };
    return this.podman.start(name, ["python3", "-c", SERVER, name, `${port}`], { user: CNF_USER, env });
  }

  /** The path of the daemon's socket on the host. */
  get socket(): string {
    return join(this.directory, "run/manager.sock");
  }

  /** The request for UDP datagrams to one port of the neighbor's interface. */
  abx(cnf: string, interconnect: "TAP" | "MEMIF", port: number): object {
    const ingressAclRules = [{ protocol: "UDP", destinationPort: port }];
    return { cnf, type: "ABX", interconnect, vppInterface: this.vppInterface, ingressAclRules };
  }

  /** Asks VPP's address from the neighbor until an answer comes. */
  async ask(port: number, text: string, cnf?: Container): Promise<string> {
    return until(
      `an answer at port ${port}`,
      async () => {
        const answer = await command(
          "ip",
          "netns",
          "exec",
          this.#neighbor,
          "python3",
          "-c",
          ASK,
          address(this.net),
          `${port}`,
          text,
        );
        return answer.trim();
      },
      () => `${cnf?.output ?? ""}\n${this.podman.report()}`,
      // On a busy machine: 5 s on a quiet one.
      120,
    );
  }
}

const ASK = udpAsk(4, 0.5);

const SERVER = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[2])))
while True:
    text, peer = s.recvfrom(2048)
    s.sendto(sys.argv[1].encode() + b":" + text, peer)
`;
