// npm run test:vhost: the tests of TAPs and VRF devices, in a virtual machine that has /dev/vhost-net and VRFs.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const HELP = `usage: VHOST_VM=PROGRAM npm run test:vhost

Runs the tests of TAPs and VRF devices in a virtual machine with /dev/vhost-net and Linux's VRF devices.
PROGRAM runs one command in such a machine, called as \`PROGRAM --timeout SECONDS -- COMMAND...\`. Without it, nothing runs.`;

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = process.env.VHOST_VM;
const [word] = process.argv.slice(2);
if (word !== undefined) {
  console.log(word === "--help" ? HELP : `test:vhost: ${word} is not an option; there is --help`);
  process.exit(word === "--help" ? 0 : 2);
}
if (tool === undefined || !existsSync(tool)) {
  console.log(`skipped: no program for virtual machines ($VHOST_VM is ${tool ?? "not set"})`);
  process.exit(0);
}
// Emulation is slow: one file at a time, and a test's idle time is not that of a hang.
const files = ["tap", "adopt-tap", "undone"].map((name) => `dist/test/real/${name}.test.js`);
const ava = [process.execPath, "node_modules/ava/entrypoints/cli.mjs", ...files, "--timeout=10m", "--concurrency=1"];
const { status } = spawnSync(tool, ["--timeout", "2400", "--", ...ava], { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);
