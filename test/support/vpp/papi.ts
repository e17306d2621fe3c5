// vpp_papi, VPP's Python client, as an oracle (test/peers/papi_oracle.py).
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { vppProgram } from "../machine/programs.js";

export const PYTHON = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

/** With vpp_papi from the folder that VPP was installed to, if it is not among Python's own packages. */
export function papiEnvironment(): NodeJS.ProcessEnv {
  const vpp = vppProgram();
  const folder = vpp && join(dirname(dirname(vpp)), "lib/python3/dist-packages");
  if (folder === undefined || !existsSync(folder)) return process.env;
  return { ...process.env, PYTHONPATH: [folder, process.env.PYTHONPATH ?? ""].join(":") };
}

export function hasPapi(): boolean {
  return spawnSync(PYTHON, ["-c", "import vpp_papi"], { env: papiEnvironment(), stdio: "ignore" }).status === 0;
}

/** The folder of .api.json files that came with VPP. */
export function apiFolder(): string {
  const own = join(dirname(dirname(vppProgram()!)), "share/vpp/api");
  return existsSync(own) ? own : "/usr/share/vpp/api";
}

export interface OracleAnswer {
  reply?: unknown;
  details?: unknown[];
  error?: string;
}

export class PapiOracle {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor(apiSocket: string) {
    const script = "test/peers/papi_oracle.py";
    const stdio: ["pipe", "pipe", "ignore"] = ["pipe", "pipe", "ignore"];
    this.child = spawn(PYTHON, [script, apiSocket, apiFolder()], { env: papiEnvironment(), stdio });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    await this.line();
  }

  async ask(name: string, value: unknown): Promise<OracleAnswer> {
    this.child.stdin!.write(`${JSON.stringify({ name, value })}\n`);
    return JSON.parse(await this.line(), revive) as OracleAnswer;
  }

  async close(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.stdin!.end();
    await ended;
  }

  private async line(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("vpp_papi has ended");
    return value;
  }
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("hex" in value) return new Uint8Array(Buffer.from(value.hex as string, "hex"));
  return "big" in value ? BigInt(value.big as string) : value;
}
