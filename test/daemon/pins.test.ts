// The network namespaces of CNFs at paths: what is bound there, and how long the daemon keeps a namespace without a punt.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { NamespacePins } from "../../lib/daemon/pins.js";
import { Descriptor } from "../../lib/descriptor/index.js";
import { need } from "../support/need.js";
import { socketFolder, until } from "../support/punt-socket/peer.js";

const MINUTE = 60_000;

/** Sets the time of `performance.now` to 0. @returns what sets it to another one */
function ownTime(t: ExecutionContext): (ms: number) => void {
  const real = performance.now;
  let now = 0;
  performance.now = () => now;
  t.teardown(() => {
    performance.now = real;
  });
  return (ms) => {
    now = ms;
  };
}

test.serial("a namespace goes a minute after its last punt, whichever daemon of the host has pinned it", async (t) => {
  const directory = socketFolder(t);
  const path = join(directory, "0123456789abcdef-4026531840");
  t.true(await new NamespacePins(directory).isEmpty());
  t.true(await new NamespacePins(join(directory, "none")).isEmpty());
  writeFileSync(path, "");
  const setTime = ownTime(t);
  const pins = new NamespacePins(directory);
  t.false(await pins.isEmpty());
  const cleanAt = async (time: number, ...used: string[]) => {
    setTime(time);
    await pins.clean(new Set(used));
    return existsSync(path);
  };
  t.true(await cleanAt(0), "its CNF is about to ask for a punt");
  t.true(await cleanAt(MINUTE - 1));
  t.true(await cleanAt(MINUTE, path), "in use");
  t.true(await cleanAt(5 * MINUTE, path));
  t.true(await cleanAt(6 * MINUTE), "the minute begins when no punt names it any more");
  t.true(await cleanAt(7 * MINUTE - 1));
  t.false(await cleanAt(7 * MINUTE));
  t.true(await pins.isEmpty());
});

test.serial("a namespace that a daemon with other punts uses stays, and goes once neither does", async (t) => {
  const directory = join(socketFolder(t), "netns");
  mkdirSync(directory);
  const path = join(directory, "0123456789abcdef-4026531840");
  writeFileSync(path, "");
  const setTime = ownTime(t);
  const pins = ["one", "host a/b"].map((user) => new NamespacePins(directory, { user }));
  const cleanAt = async (time: number, ...used: string[]) => {
    setTime(time);
    await pins[0]!.clean(new Set(used));
    await pins[1]!.clean(new Set());
    return existsSync(path);
  };
  t.true(await cleanAt(0, path));
  t.true(await cleanAt(2 * MINUTE, path));
  t.true(await cleanAt(3 * MINUTE));
  t.false(await cleanAt(4 * MINUTE));
});

const { test: rootTest } = need("root", "netns");

/** Opens the namespace of a process that lives as long as the test. */
async function otherNamespace(t: ExecutionContext): Promise<Descriptor> {
  const child = spawn("unshare", ["--net", "sh", "-c", "echo; exec sleep 600"]);
  await once(child.stdout, "data");
  const namespace = Descriptor.own(openSync(`/proc/${child.pid}/ns/net`, "r"));
  t.teardown(() => {
    namespace.close();
    child.kill("SIGKILL");
  });
  return namespace;
}

rootTest.serial("a user hands over so many namespaces without punts, and others are not held up", async (t) => {
  const directory = socketFolder(t);
  const namespace = await otherNamespace(t);
  const pins = new NamespacePins(directory, { mostUnused: 1 });
  t.teardown(() => {
    for (const name of readdirSync(directory)) spawnSync("umount", ["--lazy", join(directory, name)]);
  });
  const path = await pins.pin("a", namespace, "uid 1");
  t.is(await pins.pin("a", namespace, "uid 1"), path);
  const refusal = { code: "ERR_RESOURCE_EXHAUSTED", message: /no punt names 1 of the network namespaces that uid 1/ };
  await t.throwsAsync(pins.pin("b", namespace, "uid 1"), refusal);
  t.true(pins.isOf("c", await pins.pin("c", namespace, "uid 2")));
  await pins.clean(new Set([path]));
  t.true(pins.isOf("b", await pins.pin("b", namespace, "uid 1")));
});

rootTest.serial("a namespace that comes again is at the same path, and is mounted once", async (t) => {
  const directory = socketFolder(t);
  const namespace = await otherNamespace(t);
  const pins = new NamespacePins(directory);
  const path = await pins.pin("dns", namespace, "root");
  t.teardown(() => spawnSync("umount", ["--lazy", path]));
  t.regex(path, /\/[0-9a-f]{16}-\d+$/, "as punts in a store name it");
  t.true(pins.isOf("dns", path));
  t.false(pins.isOf("fw", path));
  t.is(await pins.pin("dns", namespace, "root"), path);
  t.is(await new NamespacePins(directory).pin("dns", namespace, "root"), path, "the next life of the daemon");
  const mounts = () => readFileSync("/proc/self/mountinfo", "utf8").split(` ${path} `).length - 1;
  t.is(mounts(), 1);
  const real = performance.now;
  t.teardown(() => Object.assign(performance, { now: real }));
  const now = real.call(performance);
  performance.now = () => now + MINUTE;
  await pins.clean(new Set());
  t.deepEqual([mounts(), readdirSync(directory)], [0, []]);
});

rootTest.serial(
  "a namespace that comes several times at once, also to two daemons, is bound, and goes without a rest",
  async (t) => {
    const directory = socketFolder(t);
    const namespace = await otherNamespace(t);
    const daemons = [new NamespacePins(directory), new NamespacePins(directory)];
    const all = [...daemons, ...daemons, ...daemons].map((pins) => pins.pin("dns", namespace, "root"));
    const [path, ...others] = await Promise.all(all);
    t.teardown(() => spawnSync("umount", ["--lazy", path!]));
    t.deepEqual(new Set(others), new Set([path]));
    ownTime(t)(60 * MINUTE);
    await daemons[0]!.clean(new Set());
    t.deepEqual(readdirSync(directory), []);
  },
);

rootTest.serial("the error for a namespace that cannot be mounted says why, and no file is left", async (t) => {
  const [directory, programs] = [socketFolder(t), socketFolder(t)];
  const namespace = await otherNamespace(t);
  const { PATH } = process.env;
  process.env.PATH = programs;
  t.teardown(() => Object.assign(process.env, { PATH }));
  const refused = async (reason: string) => {
    const pinned = new NamespacePins(directory).pin("dns", namespace, "root");
    const error = await t.throwsAsync(pinned, { code: "EPERM" });
    t.regex(error!.message, /^punt\.attach: the CNF's network namespace cannot be bound to \//);
    t.true(error!.message.endsWith(`: ${reason}`), error!.message);
    t.deepEqual(readdirSync(directory), []);
  };
  await refused("spawn mount ENOENT");
  const mount = join(programs, "mount");
  const mountThat = (does: string) => {
    writeFileSync(mount, `#!/bin/sh\n${does}\nexit 1\n`);
    chmodSync(mount, 0o755);
  };
  mountThat("echo 'mount: permission denied' >&2");
  await refused("mount: permission denied");
  mountThat("");
  await refused("mount failed");
});

/** A folder for pins, with programs in place of `mount` and `umount`. */
function withPrograms(t: ExecutionContext, mount: string) {
  const folder = socketFolder(t);
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  t.teardown(() => {
    process.env.PATH = before;
  });
  for (const [name, text] of Object.entries({ mount, umount: "exit 1" })) {
    writeFileSync(join(folder, name), `#!/bin/sh\ncd ${folder}\n${text}\n`, { mode: 0o755 });
  }
  return { folder, pinned: join(folder, "netns") };
}

rootTest.serial(
  "the namespace that was passed is bound, whatever becomes of the number of its descriptor",
  async (t) => {
    const { folder, pinned } = withPrograms(t, "touch begun; until [ -e go ]; do sleep 0.01; done; readlink $3 > seen");
    const namespace = await otherNamespace(t);
    const { ino } = statSync(`/proc/self/fd/${namespace.fd}`);
    const refused = t.throwsAsync(new NamespacePins(pinned).pin("cnf", namespace, "root"), { code: "EPERM" });
    await until(() => existsSync(join(folder, "begun")));
    namespace.close();
    writeFileSync(join(folder, "go"), "");
    await refused;
    t.is(readFileSync(join(folder, "seen"), "utf8"), `net:[${ino}]\n`);
  },
);

rootTest.serial("a path where something else than the namespace is afterwards is refused, and not left", async (t) => {
  const { pinned } = withPrograms(t, "exit 0");
  const pinning = new NamespacePins(pinned).pin("cnf", await otherNamespace(t), "root");
  await t.throwsAsync(pinning, { code: "EPERM", message: /something else is there$/ });
  t.deepEqual(readdirSync(pinned), []);
});

rootTest.serial("a mount that never ends is given up", async (t) => {
  const { folder, pinned } = withPrograms(t, "echo $$ > pid; exec sleep 600");
  const pinning = new NamespacePins(pinned, { deadline: 500 }).pin("cnf", await otherNamespace(t), "root");
  await t.throwsAsync(pinning, { code: "EPERM", message: /it did not end within 0.5 s$/ });
  const file = join(folder, "pid");
  // On a busy machine, it may have been ended before it began.
  if (!existsSync(file)) return;
  const pid = readFileSync(file, "utf8").trim();
  await until(() => !existsSync(`/proc/${pid}`));
});
