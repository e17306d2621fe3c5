// Network namespaces, devices and addresses of this machine, through `ip -json -batch`.
import { readdir, readFile, stat } from "node:fs/promises";
import { devicesWithChecksumOffload, moveDevice, OWN_NAMESPACE, setChecksumOffload } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import { fileId } from "../files/index.js";
import { type ProgramResult, runProgram } from "../run-program.js";
import type { Absence, Host, HostChange, HostLink } from "./host.js";
import { commandsOf, fitsBatch, type IpCommand } from "./ip-commands.js";
import { parseDeviceNames, parseLinks } from "./ip-output.js";

const NAMED_NAMESPACES = "/run/netns";
const OWN_DEVICES = "/proc/self/net/dev";

interface Job {
  readonly lines: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: PuntError) => void;
}

/**
 * This machine. Simultaneous changes go to the kernel in one batch, by one `ip` process for each namespace.
 * @example
 * ```ts
 * import { LinuxHost } from "vpp-punt";
 *
 * const host = new LinuxHost();
 * for (const path of await host.namedNamespaces()) {
 *   const links = await host.links(path);
 *   console.log(path, links.map(({ name }) => name));
 * }
 * ```
 */
export class LinuxHost implements Host {
  readonly #queues = new Map<string, Job[]>();
  /** Namespaces that may exist and could not be looked at, with Linux's errors. */
  readonly #unseen = new Map<string, string>();

  async identify(namespace: string): Promise<string | undefined> {
    try {
      const id = fileId(await stat(namespace || OWN_NAMESPACE, { bigint: true }));
      this.#unseen.delete(namespace);
      return id;
    } catch (error) {
      const { code = "EIO" } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") this.#unseen.delete(namespace);
      else this.#unseen.set(namespace, code);
      return undefined;
    }
  }

  explain(namespace: string): Absence | undefined {
    const code = this.#unseen.get(namespace);
    if (code === undefined) return undefined;
    const text = `network namespace ${namespace}, which cannot be looked at (${code})`;
    return { kind: "namespace", text, isUnknown: true };
  }

  async namedNamespaces(): Promise<string[]> {
    const names = await readdir(NAMED_NAMESPACES).catch(() => []);
    return names.map((name) => `${NAMED_NAMESPACES}/${name}`);
  }

  async links(namespace: string): Promise<HostLink[]> {
    const { stdout, stderr, status } = await run(namespace, ["-details", "-json", "address", "show"]);
    if (status !== 0) throw failed(namespace, "address show", whyOf(stderr, status));
    return withOffloads(linksIn(stdout, namespace), namespace);
  }

  /** Works for the own namespace only: /proc has the names, so no process is started. */
  async deviceNames(namespace: string): Promise<readonly string[] | undefined> {
    if (namespace !== "") return undefined;
    const text = await readFile(OWN_DEVICES, "utf8").catch(() => undefined);
    return text === undefined ? undefined : parseDeviceNames(text);
  }

  async change(namespace: string, change: HostChange): Promise<void> {
    if (change.change === "move-link") {
      const { name: device, to } = change;
      return moveDevice({ device, to: to || OWN_NAMESPACE, ...(namespace !== "" && { from: namespace }) });
    }
    const commands = commandsOf(change);
    if (commands.every(fitsBatch)) await this.#inBatch(namespace, commands);
    else for (const words of commands) await alone(namespace, words);
    // VPP's end of a TAP has no IPv6 of Linux: its solicitations would come to the CNF. A kernel without IPv6 refuses this.
    if (change.change === "add-veth")
      await this.#inBatch(namespace, [["link", "set", "dev", change.name, "addrgenmode", "none"]]).catch(() => {});
    // `ip` has no word for it.
    if (change.change === "set-link" && change.checksumOffload !== undefined)
      setChecksumOffload(change.name, change.checksumOffload, namespace || undefined);
  }

  async #inBatch(namespace: string, commands: readonly IpCommand[]): Promise<void> {
    const lines = commands.map((words) => words.join(" "));
    if (lines.length === 0) return;
    return new Promise((resolve, reject) => {
      const job = { lines, resolve, reject };
      const queue = this.#queues.get(namespace);
      if (queue) return void queue.push(job);
      this.#queues.set(namespace, [job]);
      setImmediate(() => void this.#flush(namespace));
    });
  }

  async #flush(namespace: string): Promise<void> {
    const jobs = this.#queues.get(namespace)!;
    this.#queues.delete(namespace);
    const lines = jobs.flatMap((job) => job.lines);
    const { stderr, status } = await run(namespace, ["-force", "-batch", "-"], lines);
    const failures = status === 0 ? new Map<number, string>() : failedLines(stderr);
    const isWhole = status === 0 || (status > 0 && failures.size > 0);
    const all = isWhole ? undefined : whyOf(stderr, status);
    settle(jobs, (line) => all ?? failures.get(line), namespace);
  }
}

/** Runs a command that is not a line of a batch. @throws PuntError with the kernel's message */
async function alone(namespace: string, words: IpCommand): Promise<void> {
  const { stderr, status } = await run(namespace, words);
  if (status !== 0) throw failed(namespace, words.join(" "), whyOf(stderr, status));
}

/** @throws PuntError the output is not what `ip` prints. The message quotes none of it: any program in the namespace can choose names of devices */
function linksIn(stdout: string, namespace: string): HostLink[] {
  try {
    return parseLinks(stdout);
  } catch {
    throw failed(namespace, "address show", "its output is not the JSON of a list of devices");
  }
}

/** Says of the veth pairs of managers, which have a device group, whether senders leave checksums to them. */
function withOffloads(links: readonly HostLink[], namespace: string): HostLink[] {
  const isOurs = ({ kind, group }: HostLink) => kind === "veth" && group !== 0;
  const names = links.filter(isOurs).map(({ name }) => name);
  const on = new Set(devicesWithChecksumOffload(names, namespace || undefined));
  return links.map((link) => (isOurs(link) ? { ...link, checksumOffload: on.has(link.name) } : link));
}

/** `failureOf` returns the failure of a line, counted from 1. */
function settle(jobs: readonly Job[], failureOf: (line: number) => string | undefined, namespace: string): void {
  let line = 0;
  for (const { lines, resolve, reject } of jobs) {
    const message = lines.map((_, index) => failureOf(line + index + 1)).find((text) => text !== undefined);
    line += lines.length;
    if (message === undefined) resolve();
    else reject(failed(namespace, lines.join("; "), message));
  }
}

/** `ip -force -batch` prints the error, and then `Command failed -:<line>`. */
function failedLines(stderr: string): Map<number, string> {
  const failures = new Map<number, string>();
  let words: string[] = [];
  for (const text of stderr.split("\n")) {
    const match = /^Command failed -:(\d+)/.exec(text);
    if (match) {
      failures.set(Number(match[1]), words.join(" ") || "refused");
      words = [];
    } else if (text !== "") words.push(text);
  }
  return failures;
}

function whyOf(stderr: string, status: number): string {
  return stderr.trim() || `ip ended with status ${status}`;
}

function failed(namespace: string, command: string, message: string): PuntError {
  const where = namespace === "" ? "" : ` in ${namespace}`;
  const code = codeOf(message);
  const advice = code === "EPERM" ? `; ${NEEDS_RIGHTS}` : "";
  return new PuntError("host.ip", code, `ip ${command}${where}: ${message.trim()}${advice}`, { namespace, command });
}

const NEEDS_RIGHTS =
  "Linux's devices need CAP_NET_ADMIN, and other namespaces CAP_SYS_ADMIN: run the manager as root, or ask for MEMIF";

const codes: ReadonlyArray<[RegExp, string]> = [
  [/Operation not permitted|Permission denied/, "EPERM"],
  [/File exists/, "EEXIST"],
  [/Address not found|Cannot assign requested address/, "EADDRNOTAVAIL"],
  [/Cannot find device|No such|does not exist/, "ENOENT"],
  [/Unknown device type|not supported/, "ENOTSUP"],
  [/Invalid argument|garbage|is invalid/, "EINVAL"],
  [/did not end within/, "ETIMEDOUT"],
  [/printed more than/, "ENOBUFS"],
];

function codeOf(message: string): string {
  return codes.find(([words]) => words.test(message))?.[1] ?? "EIO";
}

/** Most bytes of one output: a thousand devices with a hundred addresses each take 22 MB. */
const MOST_OUTPUT = 32 << 20;
/** The time for `ip`, and that for each line of a batch: the kernel may take some 10 ms to remove a device. */
const TIME_MS = 10_000;
const LINE_MS = 100;

/** `nsenter` takes any path of a namespace; `ip -n` takes only names. */
function run(namespace: string, args: readonly string[], lines: readonly string[] = []): Promise<ProgramResult> {
  const [program, ...rest] = namespace === "" ? ["ip", ...args] : ["nsenter", `--net=${namespace}`, "ip", ...args];
  const input = lines.map((line) => `${line}\n`).join("");
  return runProgram(program, rest, input, { bytes: MOST_OUTPUT, ms: TIME_MS + LINE_MS * lines.length });
}
