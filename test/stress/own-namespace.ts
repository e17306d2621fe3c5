// Runs a script in a network namespace of its own: the devices that it makes end with it.
import { spawnSync } from "node:child_process";

const MARK = "VPP_PUNT_OWN_NAMESPACE";

/** Runs this script again in a new namespace, and ends with its exit status. Returns if it runs in one already. Needs root. */
export function inOwnNamespace(): void {
  if (process.env[MARK] !== undefined) return;
  const words = ["--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", process.execPath];
  const { status } = spawnSync("unshare", [...words, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, [MARK]: "1" },
  });
  process.exit(status ?? 1);
}
