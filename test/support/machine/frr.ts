// FRR's routing daemons in a test host, with sockets and pid files of their own.
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "./at-end.js";
import { command, type Daemon, type Netns, until } from "./netns.js";
import { isExecutable, program } from "./programs.js";

/** Where distributions put FRR's daemons, which are not in PATH. */
export function frrDaemon(name: string): string | undefined {
  const path = ["/usr/lib/frr", "/usr/libexec/frr", "/usr/local/sbin"].map((folder) => join(folder, name));
  return path.find(isExecutable) ?? program(name);
}

/** Running daemons of one host. */
export class Frr {
  readonly #directory: string;
  readonly #daemons = new Map<string, Daemon>();

  private constructor() {
    // vtysh and the daemons, which become user frr, both need the folder; its sockets' paths have to be short.
    this.#directory = mkdtempSync(join(tmpdir(), "frr-"));
    chmodSync(this.#directory, 0o777);
    atEnd(() => rmSync(this.#directory, { recursive: true, force: true }));
  }

  /** Starts zebra and the daemons named, each with the lines of its configuration; ready when zebra is. */
  static async start(host: Netns, configurations: Readonly<Record<string, readonly string[]>>): Promise<Frr> {
    const frr = new Frr();
    frr.#start(host, "zebra", []);
    // A daemon that finds no zebra looks again after 10 s.
    await until(
      "zebra",
      () => existsSync(join(frr.#directory, "zserv.api")),
      () => frr.log(),
    );
    for (const [name, lines] of Object.entries(configurations)) frr.#start(host, name, lines);
    return frr;
  }

  #start(host: Netns, name: string, lines: readonly string[]): void {
    const at = (suffix: string) => join(this.#directory, suffix);
    writeFileSync(at(`${name}.conf`), `${["log stdout", ...lines].join("\n")}\n`, { mode: 0o644 });
    const own = [
      "-f",
      at(`${name}.conf`),
      "-i",
      at(`${name}.pid`),
      "--vty_socket",
      this.#directory,
      "-z",
      at("zserv.api"),
    ];
    this.#daemons.set(name, host.daemon(frrDaemon(name)!, ...own, "-A", "127.0.0.1", "-P", "0"));
  }

  /** Returns the output of a `show` command; empty while the daemons start. */
  async show(what: string): Promise<string> {
    return command("vtysh", "--vty_socket", this.#directory, "-c", `show ${what}`).catch(() => "");
  }

  /** Returns the log of the daemons. */
  log(): string {
    return [...this.#daemons].map(([name, daemon]) => `${name}:\n${daemon.output}`).join("\n");
  }

  stop(): void {
    for (const daemon of this.#daemons.values()) daemon.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
