// `vpp-punt resume`: an operator's decision for a host whose daemons have stopped because etcd has another history than before.
import { PuntError } from "../../errors.js";
import { json, print } from "../output/index.js";
import { type EtcdFlags, hostOf, requireHost, withHosts } from "../punts/index.js";

interface Options extends EtcdFlags {
  readonly output: string;
  readonly keep: "etcd" | "daemon";
  readonly timeout: number;
}

export async function run(options: Options): Promise<void> {
  const { etcd, keep, timeout, output } = options;
  if (etcd === undefined)
    throw new PuntError("vpp-punt", "ERR_OPTION", "option --etcd is needed: the URLs of etcd", { option: "etcd" });
  await withHosts(options, async (hosts) => {
    const host = await hostOf(options, hosts);
    // A daemon that has stopped may be all that there is of a host.
    if (!(await hosts.decide(host, keep, timeout))) {
      if (keep === "etcd") requireHost(host, await hosts.all());
      const message = `no daemon of host ${host} took the decision within ${timeout} ms, and it was taken back${HINTS[keep]}`;
      throw new PuntError("vpp-punt", "ERR_NOT_READY", message, { host, keep });
    }
    print(output === "json" ? json({ host, keep }) : `${host} goes on with the punts of ${TEXTS[keep]}`);
  });
}

const HINTS = {
  etcd: ": only a daemon that has stopped takes it",
  daemon:
    ". Where a daemon acts already, use --keep etcd for the others. A daemon that has started since etcd lost its history remembers no punts, and does not take it: ask for the punts again with `vpp-punt apply --etcd`, then use --keep etcd",
} as const;
const TEXTS = { etcd: "etcd", daemon: "its daemon" } as const;
