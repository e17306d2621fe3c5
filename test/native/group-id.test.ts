// The number of a group, on a system whose groups are hard to read. Each test has files of its own in the place of the system's.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { need } from "../support/need.js";

const { test } = need("root", "unshare", "prlimit");

const ASK = `
import { closeSync, openSync } from "node:fs";
import { native } from "${new URL("../../lib/native.js", import.meta.url)}";
const held = [];
if (process.argv[1] === "full")
  try { for (;;) held.push(openSync("/dev/null")); } catch {}
let said;
try { said = String(native.groupId("test.op", "crowd")); } catch ({ code, message }) { said = code + " " + message; }
for (const each of held) closeSync(each);
console.log(said);
`;

/** Returns what the addon says of the group `crowd`. "full": without a free descriptor. */
function ask(t: ExecutionContext, groups: string, how: "free" | "full"): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-groups-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "group"), groups);
  writeFileSync(join(folder, "nsswitch.conf"), "group: files\n");
  const script = 'mount --bind $0/group /etc/group && mount --bind $0/nsswitch.conf /etc/nsswitch.conf && exec "$@"';
  const node = ["prlimit", "--nofile=64", process.execPath, "--input-type=module", "-e", ASK, how];
  const { stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script, folder, ...node], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return stdout.trim() + stderr;
}

const MEMBERS = Array.from({ length: 20_000 }, (_, index) => `member${index}`).join(",");

test("a group with thousands of members is known", (t) => {
  t.is(ask(t, `other:x:1:\ncrowd:x:4242:${MEMBERS}\n`, "free"), "4242");
});

test("a group that is not there is unknown", (t) => {
  t.is(ask(t, `other:x:1:${MEMBERS}\n`, "free"), "undefined");
});

test("a group that cannot be looked up is not taken for an unknown one", (t) => {
  t.regex(
    ask(t, "crowd:x:4242:\n", "full"),
    /^EMFILE test\.op: group crowd: (Too many open files|No file descriptors available)$/,
  );
});
