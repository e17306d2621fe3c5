// The network namespaces of CNFs at paths: how they are bound, and how long the daemon keeps one that no punt names.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { NamespacePins } from "../../lib/daemon/pins.js";
import { Descriptor } from "../../lib/descriptor/index.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const MINUTE = 60_000;

test.serial("a namespace goes a minute after its last punt, whichever daemon of the host has pinned it", async (t) => {
  const directory = socketFolder(t);
  const path = join(directory, "0123456789abcdef-4026531840");
  writeFileSync(path, "");
  const real = performance.now;
  let now = 0;
  performance.now = () => now;
  t.teardown(() => {
    performance.now = real;
  });
  const pins = new NamespacePins(directory);
  const cleanAt = async (time: number, ...used: string[]) => {
    now = time;
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

rootTest.serial("a namespace that comes again is at the same path, and is mounted once", async (t) => {
  const directory = socketFolder(t);
  const namespace = await otherNamespace(t);
  const pins = new NamespacePins(directory);
  const path = await pins.pin("dns", namespace);
  t.teardown(() => spawnSync("umount", ["--lazy", path]));
  t.true(pins.isOf("dns", path));
  t.false(pins.isOf("fw", path));
  t.is(await pins.pin("dns", namespace), path);
  t.is(await new NamespacePins(directory).pin("dns", namespace), path, "the next life of the daemon");
  const mounts = () => readFileSync("/proc/self/mountinfo", "utf8").split(` ${path} `).length - 1;
  t.is(mounts(), 1);
  const real = performance.now;
  t.teardown(() => Object.assign(performance, { now: real }));
  const now = real.call(performance);
  performance.now = () => now + MINUTE;
  await pins.clean(new Set());
  t.deepEqual([mounts(), readdirSync(directory)], [0, []]);
});

rootTest.serial("a namespace that cannot be mounted is told with the reason, and leaves no file", async (t) => {
  const [directory, programs] = [socketFolder(t), socketFolder(t)];
  const namespace = await otherNamespace(t);
  const { PATH } = process.env;
  process.env.PATH = programs;
  t.teardown(() => Object.assign(process.env, { PATH }));
  const refused = async (reason: string) => {
    const pinned = new NamespacePins(directory).pin("dns", namespace);
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
