import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";

const main = fileURLToPath(new URL("../../lib/cli/main.js", import.meta.url));

interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

function cli(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The embedded VPP as a program. */
async function startSim(directory: string): Promise<ChildProcess> {
  const args = ["sim", "--json", "--directory", directory, "--interface", "eth0", "--interface", "eth1"];
  const sim = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  await once(sim.stdout, "data");
  return sim;
}

const span = "{ type: SPAN, cnf: monitor, key: eth0, interconnect: MEMIF, vppInterface: eth0 }";
const xconnect = "{ type: HAIRPIN_XCONNECT, cnf: wire, interconnect: MEMIF, vppInterface1: eth1, vppInterface2: eth2 }";

test("punts are planned, applied, listed and deleted from the command line", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-cli-"));
  const sim = await startSim(directory);
  try {
    const file = join(directory, "punts.yaml");
    await writeFile(file, `punts:\n  - ${span}\n  - ${xconnect}\n`);
    const at = (name: string) => join(directory, name);
    const where = ["--socket", at("api.sock"), "--store", at("store.json"), "--memif-directory", at("memif")];
    const punts = async (...args: string[]) => {
      const result = await cli("punts", ...args, ...where);
      t.is(result.status, 0, result.stderr);
      return result.stdout;
    };
    t.regex(await punts("plan", file), /^create +span\/eth0\//m);
    t.deepEqual(JSON.parse(await punts("list", "--json")), { punts: [] }, "a plan changes nothing");
    await punts("apply", file);
    const states = async () => {
      const { punts: listed } = JSON.parse(await punts("list", "--json"));
      return listed.map(({ id, state, reasons }: Record<string, unknown>) => [
        (id as { cnf: string }).cnf,
        state,
        reasons,
      ]);
    };
    const pending = ["wire", "PENDING", ["VPP interface eth2"]];
    t.deepEqual(await states(), [["monitor", "CREATED", []], pending]);
    await punts("delete", "monitor", "eth0");
    t.deepEqual(await states(), [pending]);
    await writeFile(file, `punts:\n  - ${span}\n`);
    await punts("apply", "--prune", file);
    t.deepEqual(await states(), [["monitor", "CREATED", []]]);
    const again = await cli("punts", "delete", "nobody", ...where);
    t.is(again.status, 1);
    t.regex(again.stderr, /there is no punt nobody \(ERR_NO_SUCH_PUNT\)/);
  } finally {
    sim.kill("SIGINT");
    const [status] = await once(sim, "exit");
    await rm(directory, { recursive: true });
    t.is(status, 0);
  }
});

test("a punt that the file has otherwise is replaced when asked for, and only for a file that can be had", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-cli-"));
  const sim = await startSim(directory);
  try {
    const file = join(directory, "punts.yaml");
    const at = (name: string) => join(directory, name);
    const where = ["--socket", at("api.sock"), "--store", at("store.json"), "--memif-directory", at("memif")];
    const apply = async (punts: string[], ...args: string[]) => {
      await writeFile(file, `punts:\n${punts.map((punt) => `  - ${punt}\n`).join("")}`);
      return cli("punts", "apply", ...args, file, ...where);
    };
    const stored = async () => {
      const { punts } = JSON.parse((await cli("punts", "list", "--json", ...where)).stdout);
      return punts.map(({ id, type, state }: { id: { cnf: string }; type: string; state: string }) => {
        return [id.cnf, type, state];
      });
    };
    t.is((await apply([span])).status, 0);
    const edited =
      "{ type: HAIRPIN_XCONNECT, cnf: monitor, key: eth0, interconnect: MEMIF, vppInterface1: eth0, vppInterface2: eth1 }";
    const refused = await apply([edited]);
    t.is(refused.status, 1);
    t.regex(refused.stderr, /monitor\/eth0 exists.*--replace/);
    const conflicting = await apply([edited, xconnect], "--replace", "--prune");
    t.is(conflicting.status, 1);
    t.regex(conflicting.stderr, /CONFLICT/);
    t.deepEqual(await stored(), [["monitor", "SPAN", "CREATED"]]);
    const replaced = await apply([edited], "--replace");
    t.is(replaced.status, 0, replaced.stderr);
    t.regex(replaced.stdout, /monitor\/eth0 +HAIRPIN_XCONNECT +MEMIF +CREATED/);
    t.deepEqual(await stored(), [["monitor", "HAIRPIN_XCONNECT", "CREATED"]]);
    // The file has nothing new: what is stored is looked at, not taken as it was when the store was read.
    t.regex((await apply([edited])).stdout, /HAIRPIN_XCONNECT +MEMIF +CREATED/);
  } finally {
    await terminate(sim);
    await rm(directory, { recursive: true });
  }
});

test("a conflict is told with an exit status, and the other punts are made", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-cli-"));
  const sim = await startSim(directory);
  try {
    const file = join(directory, "punts.yaml");
    await writeFile(file, `punts:\n  - ${xconnect}\n  - ${xconnect.replace("wire", "other")}\n`);
    const at = (name: string) => join(directory, name);
    const where = ["--socket", at("api.sock"), "--store", at("store.json"), "--memif-directory", at("memif")];
    const { status, stdout } = await cli("punts", "apply", "--json", file, ...where);
    t.is(status, 1);
    const { punts, errors } = JSON.parse(stdout);
    t.deepEqual(
      punts.map(({ state }: { state: string }) => state),
      ["PENDING"],
    );
    t.is(errors[0].code, "ERR_CONFLICT");
  } finally {
    sim.kill("SIGTERM");
    await once(sim, "exit");
    await rm(directory, { recursive: true });
  }
});

async function terminate(program: ChildProcess): Promise<unknown[]> {
  const ended = once(program, "exit");
  program.kill("SIGTERM");
  return ended;
}

test("while a store is watched others may look only", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-cli-"));
  const sim = await startSim(directory);
  const at = (name: string) => join(directory, name);
  const where = ["--socket", at("api.sock"), "--store", at("store.json"), "--memif-directory", at("memif")];
  await writeFile(at("punts.yaml"), `punts:\n  - ${span}\n`);
  t.is((await cli("punts", "apply", at("punts.yaml"), ...where)).status, 0);
  const watch = spawn(process.execPath, [main, "punts", "watch", ...where], { stdio: ["ignore", "pipe", "inherit"] });
  await once(watch.stdout, "data");
  const { status, stderr } = await cli("punts", "apply", "--json", at("punts.yaml"), ...where);
  t.is(status, 1);
  const { error } = JSON.parse(stderr);
  t.like(error, { code: "ERR_STORE_BUSY", details: { path: at("store.json"), pid: watch.pid } });
  t.is((await cli("punts", "list", ...where)).status, 0);
  t.deepEqual(await terminate(watch), [0, null]);
  t.is((await cli("punts", "delete", "monitor", "eth0", ...where)).status, 0);
  t.deepEqual(await terminate(sim), [0, null]);
  await rm(directory, { recursive: true });
});

test("a file of punts that is wrong is told by line and field", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-cli-"));
  const file = join(directory, "punts.yaml");
  await writeFile(file, "punts:\n  - { type: SPAN, cnf: monitor, interconnect: MEMIF }\n");
  const { status, stderr } = await cli("punts", "apply", file);
  await rm(directory, { recursive: true });
  t.is(status, 1);
  t.regex(stderr, /punts\[0\]: vppInterface: .*\(ERR_INVALID_REQUEST\)/);
});
