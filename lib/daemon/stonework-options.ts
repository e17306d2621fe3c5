// The part of a daemon's options that is about StoneWork, and what follows from it.
import { isIPv4 } from "node:net";
import type { OptionCheck } from "../options.js";
import { DEFAULT_DIRECTORY, pathsIn, type StoneWorkOptions } from "../stonework/index.js";

interface Options {
  readonly stonework?: Omit<StoneWorkOptions, "state" | "logger" | "access">;
  readonly policy?: string;
}

/** @throws PuntError ERR_OPTION */
export function checkStoneWork(check: OptionCheck, { stonework, policy }: Options): void {
  if (stonework === undefined) return;
  check.object("stonework", stonework);
  const { host = "127.0.0.1" } = stonework;
  const isOwn = host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
  if (!isOwn && policy === undefined)
    check.refuse("stonework.host", "needs a policy, which says who may come from other addresses than 127.0.0.1");
}

/** Options of the manager that follow from StoneWork's directory, which its CNFs share. */
export function managerUnderStoneWork({ stonework }: Options): { readonly memifDirectory?: string } {
  if (stonework === undefined) return {};
  return { memifDirectory: pathsIn(stonework.directory ?? DEFAULT_DIRECTORY).memifDirectory };
}
