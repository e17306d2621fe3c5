// The options that say how to reach etcd: endpoints, prefix, and files with secrets, which are never arguments.
import { PuntError } from "../../errors.js";
import { readBytes, unreadable } from "../../files/index.js";
import { pemProblem } from "../../net/index.js";
import { given, OptionCheck } from "../../options.js";

/** Options that say how to reach etcd. */
export interface EtcdOptions {
  /** URLs of etcd's servers, such as `https://10.0.0.1:2379`; `http` and `https` are not mixed. */
  readonly endpoints: string | readonly string[];
  /** The beginning of every key. Default `/vpp-punt`. */
  readonly prefix?: string;
  /** Certificate of the authority that signed etcd's certificate, and this program's own: paths of PEM files. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** User of etcd. Its password is the first line of `passwordFile`, or VPP_PUNT_ETCD_PASSWORD in the environment. */
  readonly user?: string;
  readonly passwordFile?: string;
  /** Milliseconds to wait for one answer of etcd. Default 2,000. */
  readonly timeout?: number;
}

/** The options, with the files read. */
export interface EtcdAccess {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly timeout: number;
  readonly auth?: { readonly username: string; readonly password: string };
  readonly credentials?: {
    readonly rootCertificate?: Buffer;
    readonly privateKey?: Buffer;
    readonly certChain?: Buffer;
  };
}

const NAMES = ["endpoints", "prefix", "tls", "user", "passwordFile", "timeout"];
export const DEFAULT_PREFIX = "/vpp-punt";
const DEFAULT_TIMEOUT_MS = 2000;

/** @throws PuntError ERR_OPTION: `details.option` says which */
export function checkEtcdOptions(options: EtcdOptions, op: string, more: readonly string[] = []): void {
  const check = new OptionCheck(op);
  check.known(options, [...NAMES, ...more], "etcd");
  if (Array.isArray(options.endpoints)) for (const url of options.endpoints) check.text("etcd.endpoints", url);
  const list = endpointsOf(options);
  if (list.length === 0) check.refuse("etcd.endpoints", "must name at least one server of etcd");
  for (const url of list)
    if (!/^https?:\/\/(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/.test(url))
      check.refuse("etcd.endpoints", `must be URLs such as http://127.0.0.1:2379; got ${shown(url)}`);
  if (new Set(list.map((url) => url.split(":")[0])).size > 1)
    check.refuse("etcd.endpoints", "must be all http or all https");
  const { prefix = DEFAULT_PREFIX, tls, user, passwordFile, timeout = 1 } = options;
  if (!/^(\/[\w.-]+)+$/.test(check.text("etcd.prefix", prefix, 256)))
    check.refuse(
      "etcd.prefix",
      `must be like /vpp-punt: letters, digits, '_', '.', '-' after slashes; got ${shown(prefix)}`,
    );
  if (tls !== undefined) check.known(tls, ["ca", "cert", "key"], "etcd.tls");
  for (const [name, value] of Object.entries(tls ?? {})) check.text(`etcd.tls.${name}`, value, 4095, 1);
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) check.refuse("etcd.tls", "must have both cert and key");
  if (user !== undefined) check.text("etcd.user", user, 255, 1);
  if (passwordFile !== undefined) check.text("etcd.passwordFile", passwordFile, 4095, 1);
  check.milliseconds("etcd.timeout", timeout, 1);
}

/** Hides the password that a URL may contain. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/\/\/[^/@]*@/, "//***@"));
}

function endpointsOf({ endpoints }: EtcdOptions): readonly string[] {
  const list = typeof endpoints === "string" ? endpoints.split(",") : Array.isArray(endpoints) ? endpoints : [];
  return list.map((url) => url.trim().replace(/\/$/, "")).filter((url) => url !== "");
}

/** Reads the files. @throws PuntError ERR_OPTION: a file has no certificate or key, or there is a user without a password; an errno name */
export async function readAccess(options: EtcdOptions, op: string): Promise<EtcdAccess> {
  const { prefix = DEFAULT_PREFIX, timeout = DEFAULT_TIMEOUT_MS, tls, user } = options;
  const credentials = tls && (await readPems(tls, op));
  const auth = user === undefined ? undefined : { username: user, password: await passwordOf(options, op) };
  return {
    ...{ endpoints: endpointsOf(options), prefix, timeout },
    ...(auth && { auth }),
    ...(credentials && { credentials }),
  };
}

async function readPems(tls: NonNullable<EtcdOptions["tls"]>, op: string): Promise<EtcdAccess["credentials"]> {
  const pems: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const part of ["ca", "cert", "key"] as const)
    if (tls[part] !== undefined) pems[part] = await read(tls[part], op);
  const problem = pemProblem(pems);
  if (problem) {
    const [option, path] = [`etcd.tls.${problem.part}`, tls[problem.part]];
    const message = `${path} of option ${option} cannot be used: ${problem.reason}`;
    throw new PuntError(op, "ERR_OPTION", message, { option, path });
  }
  const { ca: rootCertificate, cert: certChain, key: privateKey } = pems;
  return given({ rootCertificate, certChain, privateKey }) as EtcdAccess["credentials"];
}

async function passwordOf({ passwordFile }: EtcdOptions, op: string): Promise<string> {
  if (passwordFile !== undefined) return (await read(passwordFile, op)).toString("utf8").split(/\r?\n/)[0]!;
  const { VPP_PUNT_ETCD_PASSWORD: password } = process.env;
  if (password !== undefined) return password;
  const message = "option etcd.user needs etcd.passwordFile, or VPP_PUNT_ETCD_PASSWORD in the environment";
  throw new PuntError(op, "ERR_OPTION", message, { option: "etcd.passwordFile" });
}

async function read(path: string, op: string): Promise<Buffer> {
  try {
    return await readBytes(path);
  } catch (cause) {
    throw unreadable(op, path, cause);
  }
}
