// A VPP and a store that go through many kills.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { Vpp } from "../../lib/binapi/index.js";
import { PuntManager } from "../../lib/punt/index.js";
import { programPath } from "../support/program.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { expectSame } from "./choice.js";
import type { CrashOptions, Progress } from "./crash-manager.js";
import type { KillableVpp } from "./crash-vpp.js";
import { cards } from "./history.js";
import { Operator } from "./operator.js";
import { serveHost } from "./remote-host.js";
import { settings, settle, within } from "./settling.js";

const child = programPath("test/stress/crash-manager.js");
/** Milliseconds for one step on a busy machine. A longer step hangs. */
const longest = 120_000;

export class CrashTest {
  readonly #vpp: KillableVpp;
  readonly #client: Vpp;
  readonly #operator: Operator;
  /** The promise for each punt: there, gone, or either if the answer was lost with a process. */
  #checking: PuntManager | undefined;
  #lastProblem = "none";
  #doing = "";
  readonly #promised = new Map<string, "there" | "gone" | "either">();

  static async begin(start: () => Promise<KillableVpp>): Promise<CrashTest> {
    const vpp = await start();
    const reconnect = { min: 2, max: 20 };
    const client = await Vpp.connect({ socketPath: vpp.apiSocket, wait: 10_000, timeout: longest / 2, reconnect });
    const test = new CrashTest(vpp, client);
    await test.#operator.apply();
    return test;
  }

  private constructor(vpp: KillableVpp, client: Vpp) {
    this.#vpp = vpp;
    this.#client = client;
    this.#operator = new Operator(client, cards, vpp.directory, vpp.real);
  }

  async run(seed: number, victim: "manager" | "vpp"): Promise<void> {
    const manager = await this.#startManager(seed);
    // The seed decides the moment, but not the progress of the manager at that moment.
    await new Promise((resolve) => setTimeout(resolve, (Math.imul(seed, 0x9e3779b1) >>> 0) % 200));
    if (victim === "manager") {
      const ended = once(manager, "exit");
      manager.kill("SIGKILL");
      await ended;
    } else {
      await this.#restartVpp();
      await within("the manager settles after VPP's end", longest, this.#stop(manager));
    }
    await within("a new manager settles", longest, this.#check(), () => this.#describe());
  }

  async #startManager(seed: number): Promise<ChildProcess> {
    const manager = fork(child, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    serveHost(manager, this.#vpp.host);
    manager.on("message", (message: Partial<Progress>) => this.#note(message));
    const ready = new Promise<void>((resolve, reject) => {
      manager.on("message", (message: { ready?: true }) => message.ready && resolve());
      manager.once("exit", () => reject(new Error("the manager ended at its start")));
    });
    const { apiSocket, directory, real, hasVrf } = this.#vpp;
    manager.send({ options: { apiSocket, directory, real, hasVrf, seed } satisfies CrashOptions });
    await ready;
    return manager;
  }

  async #stop(manager: ChildProcess): Promise<void> {
    const ended = once(manager, "exit");
    manager.send({ stop: true });
    await ended;
  }

  #note({ progress, op, id }: Partial<Progress>): void {
    if (progress === "begun") this.#promised.set(id!, "either");
    if (progress === "kept") this.#promised.set(id!, op === "add" ? "there" : "gone");
  }

  async #restartVpp(): Promise<void> {
    await this.#vpp.killAndStart();
    await this.#client.connected();
    await this.#operator.apply();
  }

  /** Checks the end state: as promised, equal to that of a VPP that was configured at once, and empty after all punts are deleted. */
  async #check(): Promise<void> {
    const manager = await PuntManager.start({ vpp: this.#client, host: this.#vpp.host, ...settings(this.#vpp) });
    this.#checking = manager;
    manager.on("problem", (error) => {
      this.#lastProblem = error.message;
    });
    try {
      this.#doing = "settling";
      await settle(manager);
      this.#checkPromises(manager);
      const reached = await snapshot(this.#client);
      this.#doing = "restarting VPP";
      await this.#restartVpp();
      this.#doing = "settling after VPP's restart";
      await settle(manager);
      expectSame("a VPP that was configured at once", await snapshot(this.#client), "after the kill", reached);
      this.#doing = "deleting";
      await Promise.all(manager.list().map((each) => manager.delete(each.id)));
      for (const id of this.#promised.keys()) this.#promised.set(id, "gone");
      this.#doing = "the last restart";
      const deleted = await snapshot(this.#client);
      await manager.close();
      await this.#restartVpp();
      expectSame("a VPP no manager ever saw", await snapshot(this.#client), "after all was deleted", deleted);
      await this.#checkFiles();
    } finally {
      await manager.close();
    }
  }

  #checkPromises(manager: PuntManager): void {
    const there = new Set(manager.list().map((each) => JSON.stringify(each.id)));
    for (const [id, promise] of this.#promised) {
      if (promise === "there" && !there.has(id)) throw new Error(`punt ${id} was added, and is gone`);
      if (promise === "gone" && there.has(id)) throw new Error(`punt ${id} was deleted, and is there`);
    }
  }

  async #checkFiles(): Promise<void> {
    const files = await readdir(`${this.#vpp.directory}/memif`).catch(() => []);
    if (files.length > 0) throw new Error(`socket files are left: ${files}`);
    const links = await this.#vpp.host.links("");
    const left = links.filter((link) => /^(tap-|vp-|vrf|hairpin)/.test(link.name));
    if (left.length > 0) throw new Error(`devices are left: ${left.map((each) => each.name)}`);
  }

  /** Describes a check that did not end. */
  #describe(): string {
    const list = this.#checking?.list() ?? [];
    const states = list.map(
      (each) =>
        `${each.id.cnf}/${each.id.label} ${each.state} ${each.failure?.message ?? each.missing.map((one) => one.text)}`,
    );
    return [
      `connected: ${this.#client.isConnected}, last problem: ${this.#lastProblem}, doing: ${this.#doing}`,
      ...states,
    ].join("\n");
  }

  async end(): Promise<void> {
    await this.#client.close();
    await this.#vpp.end();
  }
}
