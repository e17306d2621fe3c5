// `vpp-punt module --stonework` in a process of another user, killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import * as wire from "../../lib/stonework/wire.js";
import { main } from "../support/cli/command.js";
import { need } from "../support/need.js";
import { callerOf } from "../support/stonework/caller.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const NOBODY = 65_534;
const USER = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];
const DISCOVER = { swIpAddress: "10.0.0.1", swGrpcPort: 9111, swHttpPort: 9191 };

/** A module in a process, with the lines that it prints. */
class ModuleProcess {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(directory: string) {
    const options = ["--stonework", "--label", "mycnf", "--directory", directory, "--address", "127.0.0.1", "--json"];
    const command = [process.execPath, main, "module", ...options, "--state", join(directory, "own", "state.json")];
    this.#process = spawn("setpriv", [...USER, ...command], { stdio: ["ignore", "pipe", "inherit"] });
    this.#lines = createInterface(this.#process.stdout!)[Symbol.asyncIterator]();
  }

  async says(): Promise<{ readonly event: string; readonly grpc: number }> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the module ended");
    return JSON.parse(value);
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }
}

/** StoneWork's volume: only the folders of discovery and of the module's state are that user's. */
function volume(t: ExecutionContext): string {
  const directory = temporaryFolder(t);
  chmodSync(directory, 0o755);
  for (const name of ["discovery", "own"]) {
    mkdirSync(join(directory, name));
    chownSync(join(directory, name), NOBODY, NOBODY);
  }
  return directory;
}

need("root", "setpriv").test(
  "a module without any right is announced, and knows its punts after kill -9",
  async (t) => {
    const directory = volume(t);
    const file = join(directory, "discovery", "mycnf.pid");
    const first = new ModuleProcess(directory);
    t.teardown(() => first.kill());
    const { grpc } = await first.says();
    t.is(statSync(file).uid, NOBODY);
    const agent = callerOf(grpc);
    t.teardown(() => agent.close());
    await agent.discovery.discoverCnf(DISCOVER);
    t.like(await first.says(), { event: "discovered", address: "10.0.0.1" });
    const metadata = {
      id: { cnfMsLabel: "mycnf", key: "k" },
      interconnects: [{ id: { cnfSelector: "memif::wCqiu" }, cnfInterface: { name: "memif-wCqiu" } }],
    };
    for (const state of [wire.PuntState.INIT, wire.PuntState.CREATED])
      await agent.punts.updatePuntState({ metadata, state });
    t.like(await first.says(), { event: "punt", state: "INIT" });
    const punt = await first.says();
    t.like(punt, { event: "punt", state: "CREATED", id: { cnf: "mycnf", key: "k" } });
    const before = statSync(file).ino;
    await first.kill();
    const second = new ModuleProcess(directory);
    t.teardown(() => second.kill());
    const again = callerOf((await second.says()).grpc);
    t.teardown(() => again.close());
    t.deepEqual(await second.says(), punt);
    t.not(statSync(file).ino, before, "StoneWork sees an event");
    t.deepEqual(readdirSync(join(directory, "discovery")), ["mycnf.pid"]);
    await again.discovery.discoverCnf(DISCOVER);
    t.like(await second.says(), { event: "discovered" });
  },
);
