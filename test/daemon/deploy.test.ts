// The files of deploy/: that they parse, that the daemon accepts them, and that their sockets and mounts are the code's defaults.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { parse, parseAllDocuments } from "yaml";
import { DEFAULT_DAEMON_SOCKET, ServiceNotifier } from "../../lib/daemon/index.js";
import { checkDaemonOptions } from "../../lib/daemon/options.js";
import { parsePolicy } from "../../lib/daemon/policy/index.js";
import { bindPuntSocket, connectPuntSocket } from "../../lib/descriptor/index.js";
import { cli } from "../support/cli/command.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { ask } from "../support/daemon/traffic.js";
import { need } from "../support/need.js";
import { socketFolder, until } from "../support/punt-socket/peer.js";

const read = (name: string) => readFileSync(join("deploy", name), "utf8");
/** The value of a directive of systemd's unit. */
const directive = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(read("vpp-punt.service"))?.[1];
const RUN = dirname(DEFAULT_DAEMON_SOCKET);
const defaults = checkDaemonOptions({});
const VPP_RUN = dirname(defaults.vppSocket);
const STATE = "/var/lib/vpp-punt";
const CONFIG = "/etc/vpp-punt";

// biome-ignore lint/suspicious/noExplicitAny: the files' own shapes
type Any = any;

test("the daemon accepts the options and the policy, and the paths are its defaults", (t) => {
  const options = parse(read("daemon.yaml"));
  const checked = checkDaemonOptions(options);
  for (const name of ["socket", "attachSocket", "vppSocket", "socketDirectory"] as const)
    t.is(checked[name], defaults[name], name);
  t.is(options.manager.memifDirectory, `${RUN}/memif`);
  t.is(options.state, STATE);
  t.is(options.policy, `${CONFIG}/policy.yaml`);
  t.is(dirname(options.audit), STATE);
  t.deepEqual(
    parsePolicy(read("policy.yaml"), "policy.yaml").map(({ name }) => name),
    ["operators", "dns"],
  );
});

test("systemd's unit has the folders and the command", (t) => {
  t.is(`/run/${directive("RuntimeDirectory")}`, RUN);
  t.is(`/var/lib/${directive("StateDirectory")}`, STATE);
  t.is(directive("ExecStart"), `/usr/bin/env vpp-punt daemon --config ${CONFIG}/daemon.yaml`);
  t.like(
    { type: directive("Type"), preserve: directive("RuntimeDirectoryPreserve") },
    { type: "notify", preserve: "yes" },
  );
  t.true(Number(directive("WatchdogSec")) > 0);
  // systemd's default: it gives up after five starts in ten seconds.
  t.true(4 * Number(directive("RestartSec")) > 10);
});

need("systemd-analyze").test("systemd-analyze accepts the unit", async (t) => {
  const child = spawn("systemd-analyze", ["verify", "--man=no", "deploy/vpp-punt.service"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  await new Promise((resolve) => child.once("close", resolve));
  t.false(complaints.includes("vpp-punt.service"), complaints);
});

test("systemd hears that the service is ready, lives and stops", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-notify-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "notify");
  const words: string[] = [];
  const listener = spawn("python3", ["-c", LISTEN, path], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => listener.kill("SIGKILL"));
  const heard = new Promise<void>((resolve) => {
    listener.stdout.setEncoding("utf8").on("data", (text: string) => {
      words.push(...text.split("\n").filter((word) => word !== ""));
      if (words.includes("listening")) start();
      if (words.includes("STOPPING=1")) resolve();
    });
  });
  let isStarted = false;
  function start(): void {
    if (isStarted) return;
    isStarted = true;
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "20000", WATCHDOG_PID: `${process.pid}` };
    const notifier = new ServiceNotifier(env);
    notifier.tell("READY=1");
    setTimeout(() => {
      notifier.tell("STOPPING=1");
      notifier.close();
    }, 200);
  }
  await heard;
  t.is(words[1], "READY=1");
  t.true(words.includes("WATCHDOG=1"), words.join());
  t.notThrows(() => {
    const nobody = new ServiceNotifier({});
    nobody.tell("READY=1");
    nobody.close();
  });
});

test("a word for which systemd has no room reaches it later", async (t) => {
  const path = join(socketFolder(t), "notify");
  using systemd = bindPuntSocket({ path });
  using another = connectPuntSocket(path);
  const fill = () => {
    for (;;) writeSync(another.fd, "READY=0");
  };
  t.throws(fill, { code: "EAGAIN" });
  using notifier = new ServiceNotifier({ NOTIFY_SOCKET: path });
  notifier.tell("READY=1");
  const bytes = Buffer.alloc(100);
  const heard = () => {
    try {
      return bytes.toString("utf8", 0, readSync(systemd.fd, bytes));
    } catch {
      return "";
    }
  };
  await until(() => heard() === "READY=1");
  t.pass();
});

const LISTEN = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(256).decode(), flush=True)
`;

/** Source and target of a mount of compose's, in its short or long form. */
function mountOf(volume: string | { source: string; target: string }): readonly [string, string] {
  if (typeof volume !== "string") return [volume.source, volume.target];
  const [source, target] = volume.split(":");
  return [source!, target!];
}

test("compose's services share the folders of the sockets, and the CNF has nothing else", (t) => {
  const { services, volumes } = parse(read("compose.yaml")) as Any;
  const targets = (name: string) =>
    services[name].volumes.map((each: Any) => mountOf(each)).map(([, target]: readonly string[]) => target);
  t.deepEqual(targets("vpp"), [VPP_RUN, RUN]);
  t.deepEqual(targets("daemon"), [VPP_RUN, STATE, RUN, `${CONFIG}/daemon.yaml`, `${CONFIG}/policy.yaml`]);
  t.deepEqual(targets("dns"), [RUN, "/app/dns.mjs"]);
  t.deepEqual(Object.keys(volumes), ["vpp", "state"]);
  const { user, cap_drop, cap_add, environment } = services.dns;
  t.deepEqual([cap_drop, cap_add], [["ALL"], undefined]);
  t.is(environment.VPP_PUNT_SOCKET, DEFAULT_DAEMON_SOCKET);
  const [, rule] = parsePolicy(read("policy.yaml"), "policy.yaml");
  t.is(user, `${rule!.match.uid![0]}:${rule!.match.uid![0]}`);
  t.deepEqual(services.daemon.cap_add, directive("CapabilityBoundingSet")!.replaceAll("CAP_", "").split(" "));
});

test("Kubernetes' objects mount the folders of the sockets, and have the same options and policy", (t) => {
  const objects = parseAllDocuments(read("kubernetes/daemon.yaml")).map((document) => {
    t.deepEqual(document.errors, []);
    return document.toJS() as Any;
  });
  const [namespace, config, daemon, cnf] = objects;
  t.is(namespace.metadata.labels["pod-security.kubernetes.io/enforce"], "privileged");
  t.deepEqual(
    objects.map(({ kind }) => kind),
    ["Namespace", "ConfigMap", "DaemonSet", "Deployment"],
  );
  t.deepEqual(parse(config.data["daemon.yaml"]), parse(read("daemon.yaml")));
  t.deepEqual(parse(config.data["policy.yaml"]), parse(read("policy.yaml")));
  const mounts = (object: Any) => {
    const { containers, volumes } = object.spec.template.spec;
    const sources = new Map(volumes.map(({ name, hostPath }: Any) => [name, hostPath?.path]));
    return containers[0].volumeMounts.map(({ name, mountPath }: Any) => [sources.get(name), mountPath]);
  };
  const shared = [VPP_RUN, RUN, STATE].map((path) => [path, path]);
  t.deepEqual(mounts(daemon), [...shared, [undefined, CONFIG]]);
  t.deepEqual(mounts(cnf), [[RUN, RUN]]);
  const rights = daemon.spec.template.spec.containers[0].securityContext.capabilities;
  const { cap_add, cap_drop, pid } = (parse(read("compose.yaml")) as Any).services.daemon;
  t.deepEqual([rights.add, rights.drop], [cap_add, cap_drop]);
  t.is(daemon.spec.template.spec.hostPID, pid === "host");
  const { securityContext, containers } = cnf.spec.template.spec;
  t.deepEqual(containers[0].securityContext.capabilities, { drop: ["ALL"] });
  t.is(containers[0].env[0].value, DEFAULT_DAEMON_SOCKET);
  t.is(securityContext.runAsUser, 10053);
});

test("Kubernetes' CNF has the user, the environment and the mounts of compose's, which the podman test runs", (t) => {
  const { dns, daemon } = (parse(read("compose.yaml")) as Any).services;
  const [, , set, deployment] = parseAllDocuments(read("kubernetes/daemon.yaml")).map((each) => each.toJS() as Any);
  const { containers, securityContext } = deployment.spec.template.spec;
  t.is(`${securityContext.runAsUser}:${securityContext.runAsGroup}`, dns.user);
  t.deepEqual(Object.fromEntries(containers[0].env.map(({ name, value }: Any) => [name, value])), dns.environment);
  t.is(containers[0].securityContext.allowPrivilegeEscalation, !dns.security_opt.includes("no-new-privileges:true"));
  const writable = (volumes: readonly string[]) =>
    volumes.filter((each) => !each.endsWith(":ro")).map((each) => mountOf(each)[1]);
  const written = (mounts: Any[]) => mounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath);
  t.deepEqual(written(containers[0].volumeMounts), writable(dns.volumes));
  const [container] = set.spec.template.spec.containers;
  t.deepEqual([...written(container.volumeMounts)].sort(), writable(daemon.volumes).sort());
  t.is(
    container.securityContext.appArmorProfile.type === "Unconfined",
    daemon.security_opt.includes("apparmor:unconfined"),
  );
  t.is(container.env, daemon.environment);
});

test("the probe of Kubernetes is a command that an operator's container may run", async (t) => {
  const [, , set] = parseAllDocuments(read("kubernetes/daemon.yaml")).map((each) => each.toJS() as Any);
  const { exec, timeoutSeconds } = set.spec.template.spec.containers[0].readinessProbe;
  t.true(timeoutSeconds >= 10, "Kubernetes gives a second by default, and Node.js may take longer to start");
  const [program, ...words] = exec.command as string[];
  t.is(program, "vpp-punt");
  const { socket } = await daemonTest(t);
  const { status, stderr } = await cli(words.map((word) => (word === DEFAULT_DAEMON_SOCKET ? socket : word)));
  t.is(status, 0, stderr);
});

test("the image has the programs that the daemon starts", (t) => {
  const image = read("Containerfile");
  for (const name of ["iproute2", "util-linux", "mount"]) t.true(image.includes(` ${name} `), name);
});

test("no file lets a process dump its memory, and containers have the runtime's filter of system calls", (t) => {
  t.is(directive("LimitCORE"), "0");
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(read("Containerfile"))![1]!) as string[];
  const [shell, ...words] = entry.map((word) => word.replace(/exec vpp-punt .*/, "ulimit -Sc; ulimit -Hc"));
  const { stdout } = spawnSync(shell!, words, { encoding: "utf8" });
  t.deepEqual(stdout.trim().split(/\s+/), ["0", "0"]);
  for (const file of ["compose.yaml", "compose.etcd.yaml"]) {
    const { services } = parse(read(file), { merge: true }) as Any;
    // VPP's limits are the operator's; the services that only add to others have those of the others.
    const own = Object.entries(services).filter(([name, it]: Any) => name !== "vpp" && it.image !== undefined);
    t.true(own.length > 0);
    for (const [name, { ulimits, security_opt }] of own as Any) {
      t.deepEqual(ulimits, { core: 0 }, name);
      t.true(security_opt.includes("no-new-privileges:true"), name);
      t.false(
        security_opt.some((word: string) => word.startsWith("seccomp")),
        name,
      );
    }
  }
  for (const file of ["kubernetes/daemon.yaml", "kubernetes/etcd.yaml"]) {
    const pods = parseAllDocuments(read(file)).flatMap((each) => (each.toJS() as Any).spec?.template?.spec ?? []);
    t.true(pods.length > 0);
    for (const { securityContext } of pods) t.deepEqual(securityContext.seccompProfile, { type: "RuntimeDefault" });
  }
});

test("systemd's unit has a filter of system calls and no directive that would hide mounts from VPP", (t) => {
  t.is(directive("SystemCallArchitectures"), "native");
  t.deepEqual(directive("SystemCallFilter")!.split(" "), ["@system-service", "@mount", "pidfd_getfd"]);
  t.is(directive("RestrictNamespaces"), "net");
  for (const name of ["LockPersonality", "ProtectClock", "ProtectHostname", "RestrictRealtime", "RestrictSUIDSGID"])
    t.is(directive(name), "yes", name);
  // systemd.exec(5): each of them gives the service a mount namespace of its own.
  const hiding =
    /^(Protect(System|Home|KernelTunables|KernelModules|KernelLogs|ControlGroups|Proc)|Private(Tmp|Devices|Mounts)|ReadOnlyPaths|InaccessiblePaths|MountFlags)=/m;
  t.notRegex(read("vpp-punt.service"), hiding);
});

need("systemd-security").test("systemd-analyze rates the unit below 6 of 10 points of exposure", (t) => {
  const args = ["security", "--offline=yes", "--threshold=60", "--no-pager", "deploy/vpp-punt.service"];
  const { status, stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  t.is(status, 0, stdout.trimEnd().split("\n").at(-1));
});

test("the example's CNF answers", async (t) => {
  const { vpp, socket } = await daemonTest(t);
  // Programs import the package by its name, which Node resolves inside the package's own folder.
  mkdirSync("dist/snippets", { recursive: true });
  copyFileSync("deploy/dns.mjs", "dist/snippets/deploy-dns.mjs");
  const env = { ...process.env, VPP_PUNT_SOCKET: socket };
  const child = spawn(process.execPath, ["dist/snippets/deploy-dns.mjs"], {
    stdio: ["ignore", "ignore", "inherit"],
    env,
  });
  t.teardown(() => child.kill("SIGKILL"));
  // Of a query's first 12 bytes the third and fourth say what it is; the end stays as it was.
  t.is((await ask(vpp, 53, "0123456789ab-query", 60_000, "-query"))?.length, 18);
});
