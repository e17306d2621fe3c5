// npm run test:vhost: the tests of TAPs and VRF devices, in a virtual machine that has /dev/vhost-net and VRFs.
// The tool that runs one command in such a machine is $VHOST_VM (called as `$VHOST_VM --timeout S -- command...`).
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = process.env.VHOST_VM ?? fileURLToPath(new URL("../../shared/tools/vhost-vm", import.meta.url));
if (!existsSync(tool)) {
  console.log(`skipped: no tool for virtual machines (VHOST_VM=${tool})`);
  process.exit(0);
}
// Emulation is slow: a test's idle time is not that of a hang.
const ava = [process.execPath, "node_modules/ava/entrypoints/cli.mjs", "dist/test/real/tap.test.js", "--timeout=10m"];
const { status } = spawnSync(tool, ["--timeout", "1200", "--", ...ava], { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);
