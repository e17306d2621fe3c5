// The checks of a daemon's cluster options.
import { OptionCheck } from "../options.js";
import type { ClusterOptions } from "./cluster-options.js";
import { checkEtcdOptions } from "./etcd/index.js";

/** @throws PuntError ERR_OPTION: `details.option` says which */
export function checkClusterOptions(options: ClusterOptions, op: string): void {
  checkEtcdOptions(options, op, ["host", "name", "lease"]);
  const check = new OptionCheck(op);
  const { host, name = "daemon", lease = 8 } = options;
  if (host === undefined) check.refuse("etcd.host", "is missing: the label of this host");
  check.text("etcd.host", host, 255, 1);
  check.text("etcd.name", name, 255, 1);
  check.integer("etcd.lease", lease, 4, 600);
}
