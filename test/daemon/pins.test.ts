// How long the daemon keeps a CNF's network namespace that no punt names.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { NamespacePins } from "../../lib/daemon/pins.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const MINUTE = 60_000;

test("a namespace goes a minute after its last punt, whichever daemon of the host has pinned it", async (t) => {
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
