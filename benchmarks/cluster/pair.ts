// etcd, an embedded VPP and two daemons of one host, each in a process of its own.
import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedVpp, type SpawnedVpp } from "../../lib/sim/index.js";
import { BenchEtcd } from "./etcd.js";

const MEMBER = fileURLToPath(new URL("member.js", import.meta.url));

export class Member extends EventEmitter<{ role: [string] }> {
  readonly child: ChildProcess;
  role = "none";

  constructor(...args: string[]) {
    super();
    this.child = fork(MEMBER, args);
    this.child.on("message", ({ role }: { role: string }) => {
      this.role = role;
      this.emit("role", role);
    });
  }

  async becomes(role: string): Promise<void> {
    while (this.role !== role) await once(this, "role");
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    await ended;
  }
}

export class Pair {
  readonly etcd: BenchEtcd;
  readonly folder: string;
  readonly #vpp: SpawnedVpp;
  #count = 0;

  private constructor(folder: string, etcd: BenchEtcd, vpp: SpawnedVpp) {
    this.folder = folder;
    this.etcd = etcd;
    this.#vpp = vpp;
  }

  static async start(folder: string): Promise<Pair> {
    const etcd = await BenchEtcd.start(folder);
    const exec = ["set interface state if0 up"];
    const vpp = await EmbeddedVpp.spawn({ directory: join(folder, "vpp"), interfaces: ["if0"], exec });
    return new Pair(folder, etcd, vpp);
  }

  /** Starts a daemon with sockets in a folder of its own. Resolves when it has that role. */
  async member(role: string): Promise<Member> {
    const name = `d${++this.#count}`;
    const member = new Member(this.folder, this.etcd.url, name, name);
    await member.becomes(role);
    return member;
  }

  /** Where the daemon of that number listens, from 1 on. */
  socketOf(number: number): string {
    return join(this.folder, `d${number}`, "manager.sock");
  }

  async close(): Promise<void> {
    await this.#vpp.close();
    this.etcd.close();
  }
}
