// Runs a script in a network namespace of its own: the devices that it makes end with it.
import { spawn } from "node:child_process";
import { once } from "node:events";

const MARK = "VPP_PUNT_OWN_NAMESPACE";

/** Runs this script again in a new namespace, and ends with its exit status. Returns if it runs in one already. Needs root. */
export async function inOwnNamespace(): Promise<void> {
  if (process.env[MARK] !== undefined) return;
  const words = ["--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", process.execPath];
  const env = { ...process.env, [MARK]: "1" };
  const child = spawn("unshare", [...words, ...process.argv.slice(1)], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  const [status] = await once(child, "exit");
  process.exit(status ?? 1);
}
