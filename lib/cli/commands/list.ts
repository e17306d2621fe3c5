// `vpp-punt list`: the punts and their states.
import { errorText, interrupted, within } from "../ending/index.js";
import { isOutputLost, jsonLine, print, printError } from "../output/index.js";
import {
  type HostsLook,
  lasting,
  look,
  type ManagedOptions,
  requireHost,
  type ShownPunt,
  sayUnseen,
  shownPunt,
  statusText,
  withHosts,
  withHostsOfDaemon,
  withPunts,
} from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly cnf?: string;
  readonly watch?: boolean;
  readonly timeout: number;
}

type Look = () => Promise<ShownPunt[]>;

export async function run(options: Options): Promise<void> {
  const { cnf, timeout } = options;
  const ofHosts = (hosts: HostsLook) => show(() => within(timeout, "etcd", lookAt(hosts, options)), options);
  if (options.etcd !== undefined) return withHosts(options, ofHosts);
  if (options.allHosts || options.host !== undefined) return withHostsOfDaemon(options, ofHosts);
  await withPunts(options, { readOnly: true }, (opened) =>
    show(
      () => look(opened, timeout, cnf),
      options,
      () => sayUnseen(opened),
    ),
  );
}

/** `say` tells what the list does not show. */
async function show(look: Look, options: Options, say: () => Promise<void> = async () => {}): Promise<void> {
  if (options.watch) {
    await say();
    return follow(look, options);
  }
  print(statusText(await look(), options.output));
  await say();
}

/** The punts of the host that is named, or of all hosts. */
async function lookAt(hosts: HostsLook, { host, cnf }: Options): Promise<ShownPunt[]> {
  const all = await hosts.all();
  const chosen = host === undefined ? all : [requireHost(host, all)];
  const lists = await Promise.all(
    chosen.map(async (each) => {
      const punts = await hosts.listOf(each.host, cnf === undefined ? {} : { cnf });
      return punts.map((status) => shownPunt(status, each.host));
    }),
  );
  return lists.flat();
}

/** How often a list that is watched looks whether it has changed. */
const LOOK_MS = 1_000;

/** Prints the list again whenever it differs, until interrupted or without a reader; with `-o json`, one line for each list. */
async function follow(look: Look, { output }: Options): Promise<void> {
  let ended = false;
  const end = interrupted().then(() => {
    ended = true;
  });
  let last = "";
  const lookOn = lasting(look, (error) => printError(errorText(error)));
  while (!ended && !isOutputLost()) {
    const found = await lookOn();
    const text = found && (output === "json" ? jsonLine({ punts: found }) : statusText(found, output));
    if (text !== undefined && text !== last) print(last === "" || output === "json" ? text : `\n${text}`);
    last = text ?? last;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
  }
}
