// The files of deploy/ for punts in etcd: that they parse and fit the others, that etcd starts with its commands, and the daemon too.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { parse, parseAllDocuments } from "yaml";
import { makeProgram } from "../../lib/cli/program.js";
import { end, start } from "../support/cli/command.js";
import { freePort } from "../support/free-port.js";
import { need } from "../support/need.js";

// biome-ignore lint/suspicious/noExplicitAny: the files' own shapes
type Any = any;

const read = (name: string) => readFileSync(join("deploy", name), "utf8");
const compose = parse(read("compose.etcd.yaml"), { merge: true }) as Any;
const [service, etcdSet] = parseAllDocuments(read("kubernetes/etcd.yaml")).map((each) => each.toJS() as Any);
const kustomization = parse(read("kubernetes/kustomization.yaml")) as Any;
const patch = parse(kustomization.patches[0].patch) as Any[];
const daemonArgs: string[] = patch[0].value;

test("the files for etcd fit the files without it", (t) => {
  const names = Object.keys((parse(read("compose.yaml")) as Any).services);
  t.true(names.includes("daemon") && compose.services.second.extends.service === "daemon");
  t.deepEqual(compose.services.second.command, compose.services.daemon.command);
  t.deepEqual(Object.keys(compose.volumes), ["etcd", "second"]);
  t.deepEqual(kustomization.resources, ["daemon.yaml", "etcd.yaml"]);
  const objects = parseAllDocuments(read("kubernetes/daemon.yaml")).map((each) => each.toJS() as Any);
  const { kind, name } = kustomization.patches[0].target;
  const set = objects.find((each) => each.kind === kind && each.metadata.name === name);
  const [container] = set.spec.template.spec.containers;
  for (const { op, path } of patch) {
    t.is(op, "add");
    t.is(container[path.split("/").at(-1)!], undefined, `${path} is there`);
  }
  t.true(daemonArgs.some((word) => word.includes(`$(${patch[1].value[0].name})`)));
  const { name: etcd, namespace } = service.metadata;
  t.true(daemonArgs.includes(`--etcd=http://${etcd}.${namespace}:${service.spec.ports[0].port}`));
  t.deepEqual(service.spec.selector, etcdSet.spec.template.metadata.labels);
});

test("the daemon's command line has the flags of the files", (t) => {
  const command = makeProgram().commands.find((each) => each.name() === "daemon")!;
  const flags = new Set(command.options.map(({ long }) => long));
  for (const [name, ...words] of [daemonArgs, compose.services.daemon.command as string[]]) {
    t.is(name, "daemon");
    for (const word of words) t.true(flags.has(word.split("=")[0]!), word);
  }
});

/** Starts a command of etcd with a folder and ports of this test's own. Resolves with its URL when it answers. */
async function runs(t: ExecutionContext, [name, ...words]: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-deploy-"));
  const [client, peer] = [await freePort(), await freePort()];
  const args = words
    .map((word) => word.replace("=/data", `=${folder}`).replace(/:\/\/[^:]+:2379/, `://127.0.0.1:${client}`))
    .filter((word) => !word.startsWith("--listen-peer-urls"));
  const child = spawn(name!, [...args, `--listen-peer-urls=http://127.0.0.1:${peer}`], { stdio: "ignore" });
  t.teardown(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${client}`;
  const env = { ...process.env, ETCDCTL_API: "3" };
  for (;;) {
    try {
      execFileSync("etcdctl", ["--endpoints", url, "endpoint", "health"], { env, stdio: "ignore" });
      return url;
    } catch {
      t.is(child.exitCode, null, "etcd refuses the command");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const etcdCommands = {
  "compose's": compose.services.etcd.command,
  "Kubernetes'": etcdSet.spec.template.spec.containers[0].command,
};
for (const [whose, command] of Object.entries(etcdCommands) as [string, string[]][])
  need("etcd", "etcdctl").test(
    `etcd starts with ${whose} command, and a daemon with its flags leads there`,
    async (t) => {
      const url = await runs(t, command);
      const folder = mkdtempSync(join(tmpdir(), "vpp-punt-deploy-"));
      const flags = daemonArgs.slice(1).filter((word) => !word.startsWith("--config"));
      const words = flags.map((word) => word.replace(/^--etcd=.*/, `--etcd=${url}`).replace("$(NODE)", "node1"));
      const sim = ["--sim", "--socket", join(folder, "manager.sock"), "--state", folder];
      const daemon = start(["daemon", ...words, ...sim]);
      t.teardown(async () => {
        await end(daemon);
        rmSync(folder, { recursive: true });
      });
      let log = "";
      for await (const text of daemon.stderr!.setEncoding("utf8")) {
        log += text;
        if (log.includes('"role":"leader"')) break;
      }
      t.regex(log, /"role":"leader","host":"node1"/);
    },
  );
