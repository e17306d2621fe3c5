// Tests that need something a machine may lack: declared all the same, and skipped by name where it is missing.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { type ImplementationFn } from "ava";
import { native } from "../../lib/native.js";
import { PacketFilter } from "../../lib/packet/index.js";
import {
  libmemifExamples,
  otherVppPrefix,
  program,
  testpmdProgram,
  vppPluginFolder,
  vppProgram,
  vppRelease,
} from "./machine/programs.js";
import { systemdIsMissing } from "./machine/systemd.js";
import { hasPapi } from "./vpp/papi.js";

type Declare = (title: string, implementation: ImplementationFn<[]>) => void;

interface Tests {
  /** Declares a test as ava's `test` does. If something is missing, declares a skipped test, whose title ends in `[skipped: reason]`. */
  readonly test: Declare & { readonly serial: Declare };
  /** The missing thing; undefined if nothing is missing. A file may leave out its hooks when this is set. */
  readonly reason: string | undefined;
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 20_000 }).status === 0;
}

/** Whether a header of VPP's, beside the program, has `text` in it. */
function headerHas(header: string, text: string): boolean {
  const vpp = vppProgram();
  const file = vpp && join(dirname(dirname(vpp)), "include", header);
  return file !== undefined && existsSync(file) && readFileSync(file, "utf8").includes(text);
}

/** Folder with `<release>/*.api.json` beside the project: a developer's machine may have it, a user's has not. */
const apiFilesFolder = "../shared/vpp-api";

/** Free huge pages of 2 MiB; 0 where Linux has none. */
function freeHugePages(): number {
  const counter = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
  return existsSync(counter) ? Number(readFileSync(counter, "utf8")) : 0;
}

function isOverGlibc(): boolean {
  return "glibcVersionRuntime" in (process.report.getReport() as { header: object }).header;
}

function missing(name: string, present: boolean): string | undefined {
  return present ? undefined : `${name} is not here`;
}

/** Linux's names of machines, by Node's. */
const MACHINES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/**
 * An emulator of another machine carries out Linux's calls by itself: it knows no network namespaces, no SO_PASSRIGHTS and no rings of packet
 * sockets, gives a receiver the descriptors for which it has no room, and is itself a file that other users may not read.
 */
function isNative(): string | undefined {
  const { stdout } = spawnSync("uname", ["-m"], { encoding: "utf8" });
  const machine = MACHINES[process.arch] ?? process.arch;
  return stdout?.trim() === machine ? undefined : `this machine is no ${machine}`;
}

/** For each thing that a test may need: why this machine lacks it, or undefined. Any other word is a pattern below, or a program. */
const checks = {
  root: () => (process.getuid?.() === 0 ? undefined : "needs root"),
  /** A compiler of libraries for this Node, which may be another machine's, under emulation. */
  "cc-of-node": () => {
    if (!isOverGlibc()) return "a compiler for musl is not here";
    const { stdout } = spawnSync("cc", ["-dumpmachine"], { encoding: "utf8" });
    const machine = MACHINES[process.arch] ?? process.arch;
    return stdout?.startsWith(`${machine}-`) ? undefined : `a compiler for ${machine} is not here`;
  },
  "no-emulation": isNative,
  netns: () =>
    isNative() ?? (succeeds("unshare", "--net", "true") ? undefined : "needs the right to make network namespaces"),
  "other-vpp": () => missing("a VPP of another release (in $VPP_OTHER_PREFIX)", otherVppPrefix() !== undefined),
  vpp: () => missing("VPP (in $VPP_PREFIX, /opt/vpp or PATH)", vppProgram() !== undefined),
  /** Documents use the default paths: no VPP and no daemon in use may have them. */
  "no-vpp": () => {
    const used = ["/run/vpp/api.sock", "/run/vpp-punt", "/var/lib/vpp-punt"].filter((path) => existsSync(path));
    return used.length > 0 ? `${used.join(" and ")} may be in use` : undefined;
  },
  "vpp-ring-headers": () =>
    missing(
      "the headers of a VPP with ring buffers of statistics",
      headerHas("vlib/stats/stats.h", "vlib_stats_ring_"),
    ),
  hosts: () => {
    const lacking = HOST_PROGRAMS.filter((name) => program(name) === undefined);
    if (lacking.length > 0) return `${lacking.join(", ")} not here`;
    return succeeds("unshare", "--net", "true") ? undefined : "needs the right to make network namespaces";
  },
  /** A systemd that can be process 1 of namespaces. */
  systemd: systemdIsMissing,
  "systemd-security": () =>
    missing(
      "a systemd-analyze that rates files of units (release 250)",
      succeeds("systemd-analyze", "security", "--offline=yes", "deploy/vpp-punt.service"),
    ),
  testpmd: () => missing("DPDK's testpmd", testpmdProgram() !== undefined),
  "libmemif-examples": () =>
    missing("libmemif's example programs (in $LIBMEMIF_EXAMPLES or /opt/vpp)", libmemifExamples() !== undefined),
  "python-grpc": () =>
    missing("grpcio for /usr/bin/python3", succeeds("/usr/bin/python3", "-c", "import grpc, google.protobuf")),
  papi: () => missing("vpp_papi for python3", hasPapi()),
  "vhost-net": () => missing("/dev/vhost-net", existsSync("/dev/vhost-net")),
  vrf: () =>
    missing(
      "Linux's VRF device",
      succeeds("unshare", "--net", "ip", "link", "add", "vrf1", "type", "vrf", "table", "1"),
    ),
  vlan: () =>
    missing(
      "Linux's VLAN device",
      succeeds("unshare", "--net", "ip", "link", "add", "link", "lo", "name", "v1", "type", "vlan", "id", "1"),
    ),
  tun: () => missing("/dev/net/tun", existsSync("/dev/net/tun")),
  /** Two free pages of 2 MiB, as `sysctl vm.nr_hugepages=2` makes them. */
  hugetlb: () => missing("a free huge page of 2 MiB (vm.nr_hugepages)", freeHugePages() >= 2),
  libmemif: () => (native.buildInfo().libmemif ? undefined : "libmemif is not in this build"),
  libpcap: () => {
    try {
      PacketFilter.compile("ip");
      return undefined;
    } catch {
      return "libpcap is not here";
    }
  },
  "api-files": () => missing(apiFilesFolder, existsSync(apiFilesFolder) && readdirSync(apiFilesFolder).length > 0),
  passrights: () =>
    isNative() ??
    missing(
      "SO_PASSRIGHTS (Linux 6.16)",
      succeeds("python3", "-c", "import socket; socket.socket(socket.AF_UNIX).getsockopt(socket.SOL_SOCKET, 83)"),
    ),
  "peer-pidfd": () =>
    missing(
      "SO_PEERPIDFD (Linux 6.5)",
      succeeds("python3", "-c", "import socket; socket.socketpair()[0].getsockopt(socket.SOL_SOCKET, 77)"),
    ),
  page: () => missing("dist/page (npm run build:page)", existsSync("dist/page/index.html")),
  /** musl has threads with other stacks, and the tests run there by a script that other users may not read. */
  glibc: () => missing("glibc", isOverGlibc()),
  /** For tests of speed, memory or file descriptors, which sanitizers distort, and of a machine without /proc, which they need. */
  "no-sanitizer": () => (process.env.VPP_PUNT_SANITIZE ? "runs without sanitizers only" : undefined),
  /** For tests of processes that run out of descriptors or threads, which ThreadSanitizer's runtime needs itself. */
  "no-thread-sanitizer": () =>
    process.env.VPP_PUNT_SANITIZE === "thread" ? "runs without ThreadSanitizer only" : undefined,
} satisfies Record<string, () => string | undefined>;

/** Programs that the hosts of a test are made with: test/support/machine/netns.ts. */
const HOST_PROGRAMS = ["ip", "ethtool", "ping", "setpriv", "unshare"];

/** Things with a word of their own behind a colon or a sign: a plugin of the real VPP, or the oldest release that will do. */
function reasonByPattern(need: string): string | undefined {
  const [, plugin] = /^plugin:(.+)$/.exec(need) ?? [];
  if (plugin !== undefined) {
    const folder = vppPluginFolder();
    const isThere = folder !== undefined && existsSync(join(folder, `${plugin}_plugin.so`));
    return isThere ? undefined : `VPP has no plugin ${plugin}`;
  }
  const [, oldest] = /^vpp>=(.+)$/.exec(need) ?? [];
  const release = vppRelease();
  if (oldest !== undefined && release !== undefined)
    return release >= oldest ? undefined : `VPP is ${release}, not ${oldest} or newer`;
  return missing(need, program(need) !== undefined);
}

type Need = keyof typeof checks | (string & {});

const known = new Map<string, string | undefined>();

function reasonFor(need: Need): string | undefined {
  if (!known.has(need)) {
    const check = (checks as Record<string, () => string | undefined>)[need];
    known.set(need, check ? check() : reasonByPattern(need));
  }
  return known.get(need);
}

function skipping(reason: string): Declare {
  return (title, implementation) => test.skip(`${title} [skipped: ${reason}]`, implementation);
}

/**
 * `need("root", "tshark").test("title", (t) => ...)` runs where the user is root and tshark is installed.
 * Knows the names in `checks`, `plugin:NAME` and `vpp>=RELEASE` of the real VPP; any other name is a program in PATH.
 */
export function need(...needs: Need[]): Tests {
  const reasons = needs.map(reasonFor).filter((reason) => reason !== undefined);
  if (reasons.length > 0) {
    const reason = reasons.join(", ");
    const skip = skipping(reason);
    return { test: Object.assign(skip, { serial: skip }), reason };
  }
  const declare: Declare = (title, implementation) => void test(title, implementation);
  const serial: Declare = (title, implementation) => void test.serial(title, implementation);
  return { test: Object.assign(declare, { serial }), reason: undefined };
}
