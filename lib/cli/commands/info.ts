// `vpp-punt info`: what this installation can do, what it cannot and why. The shape of `--json` is documented and stable.
import type { NativeBuildInfo } from "../../native.js";
import { packageVersion } from "../../package-root.js";
import type { DeviceReport, FeatureReport } from "../../punt/index.js";
import { answeredFeatures, deviceLines, featureLines, triedDevices } from "../doctor/index.js";
import { json, print, table } from "../output/index.js";
import {
  type KernelFacts,
  kernelFacts,
  mappedFiles,
  type SocketState,
  socketState,
  type VppFiles,
  vppFiles,
} from "./machine.js";

/** A place the build looked for a library in, and what it found. */
interface LookedIn {
  readonly where: string;
  readonly result: string;
}

/** A memif engine or a binary-API transport. */
export interface Capability {
  readonly available: boolean;
  /** Version of the library it is made on, where the library says one. */
  readonly version?: string;
  /** Of socket: the code that speaks over it, "addon", or "node:net" without the addon. */
  readonly by?: string;
  /** The library's file that was loaded. */
  readonly file?: string;
  /** Of vapi: the ways to VPP that the library knows, "shared memory" and, since VPP 24.06, "socket". */
  readonly modes?: readonly string[];
  /** Where the build looked for the library. */
  readonly looked?: readonly LookedIn[];
  /** Why it is not available. */
  readonly reason?: string;
}

/** The output of `vpp-punt info --json`. Fields are only added, never renamed or removed, within a major version. */
export interface Info {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly libc: string;
  readonly addon: {
    readonly loaded: boolean;
    readonly file?: string;
    /** Built for any glibc from 2.31, as prebuilds are; false for one compiled on this machine. */
    readonly portable?: boolean;
    readonly compiler?: string;
    readonly napiVersion?: number;
    readonly error?: string;
  };
  readonly engines: { readonly builtin: Capability; readonly libmemif: Capability };
  readonly transports: { readonly socket: Capability; readonly vapi: Capability };
  readonly kernel: KernelFacts;
  readonly vpp: VppFiles & {
    readonly socket: string;
    readonly state: SocketState;
    /** VPP's abilities with TAPs. They are tried, so they are absent without root or without VPP. */
    readonly devices?: DeviceReport;
    /** The release of the VPP that answers at the socket. */
    readonly version?: string;
    /** Each feature of the manager, as that VPP has it. */
    readonly features?: readonly FeatureReport[];
  };
}

function libc(): string {
  const header = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const version = header.header?.glibcVersionRuntime;
  return version ? `glibc ${version}` : "musl";
}

/** An engine or transport of VPP's own library: there, or not there with the places looked in. */
function linked(build: NativeBuildInfo, name: "libmemif" | "vapi", soname: string): Capability {
  const looked = (JSON.parse(build.looked) as Record<string, LookedIn[]>)[name] ?? [];
  if (!build[name]) return { available: false, reason: `${soname} was not found when the addon was built`, looked };
  const file = mappedFiles(new RegExp(`/${soname}\\.so[^/]*$`))[0];
  // VPP's libraries carry their release in the file name: libvapiclient.so.26.06.
  const version = name === "libmemif" ? build.libmemifVersion : file?.match(/\.so\.([\d.]+)$/)?.[1];
  return { available: true, ...(version ? { version } : {}), ...(file ? { file } : {}), looked };
}

function vapi(build: NativeBuildInfo): Capability {
  const capability = linked(build, "vapi", "libvapiclient");
  if (!capability.available) return capability;
  return { ...capability, modes: build.vapiSocket ? ["shared memory", "socket"] : ["shared memory"] };
}

type NativeFacts = Pick<Info, "addon" | "engines" | "transports">;

function withoutAddon(error: Error): NativeFacts {
  const missing: Capability = { available: false, reason: "the addon is not loaded" };
  return {
    addon: { loaded: false, error: error.message },
    engines: { builtin: missing, libmemif: missing },
    transports: { socket: { available: true, by: "node:net" }, vapi: missing },
  };
}

async function nativeFacts(): Promise<NativeFacts> {
  try {
    // Not a static import: a machine where the addon does not load is where this command is needed most.
    const build = (await import("../../native.js")).native.buildInfo();
    const file = mappedFiles(/\/(vpp_punt|vpp-punt\.\w+)\.node$/)[0];
    const { portable, compiler, napiVersion } = build;
    return {
      addon: { loaded: true, ...(file ? { file } : {}), portable, compiler, napiVersion },
      engines: { builtin: { available: true }, libmemif: linked(build, "libmemif", "libmemif") },
      transports: { socket: { available: true, by: "addon" }, vapi: vapi(build) },
    };
  } catch (error) {
    return withoutAddon(error as Error);
  }
}

/** Everything `vpp-punt info` says; `socket` is the path of VPP's API socket to look for. */
export async function collectInfo(socket: string): Promise<Info> {
  const answer = await answeredFeatures(socket);
  const devices = answer && (await triedDevices(socket));
  return {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    libc: libc(),
    ...(await nativeFacts()),
    kernel: kernelFacts(),
    vpp: { ...vppFiles(), socket, state: await socketState(socket), ...(devices && { devices }), ...answer },
  };
}

function capabilityText(name: string, capability: Capability): string {
  const { available, version, by, file, modes, reason, looked = [] } = capability;
  const over = modes && `over ${modes.join(" or ")}`;
  const head = available
    ? ["yes", version, by && `by ${by}`, over, file && `(${file})`].filter(Boolean).join(" ")
    : `no: ${reason}`;
  const places = available ? [] : looked.map(({ where, result }) => `    ${where}: ${result}`);
  return [`  ${name}: ${head}`, ...places].join("\n");
}

function addonText({ addon }: Info): string {
  if (!addon.loaded) return `not loaded: ${addon.error}`;
  return `${addon.file} (${addon.portable ? "portable build" : "compiled here"}, compiler ${addon.compiler}, Node-API ${addon.napiVersion})`;
}

function limitsText({ kernel }: Info): string {
  const rows = kernel.limits.map(({ name, value, advice }) => [`  ${name}`, value ?? "not visible", advice ?? ""]);
  return table(["  limit", "value", ""], rows);
}

function vppText({ vpp }: Info): string {
  return [
    `  API socket ${vpp.socket}: ${vpp.state}`,
    `  program: ${vpp.program ?? "no vpp in PATH"}`,
    `  API files: ${vpp.apiFiles ?? "none in /usr/share/vpp/api"}`,
    ...featuresText(vpp),
    ...(vpp.devices ? deviceLines(vpp.devices).map((line) => `  ${line}`) : []),
  ].join("\n");
}

function featuresText({ version, features }: Info["vpp"]): string[] {
  if (version === undefined || features === undefined) return [];
  const lines = featureLines({ version, features });
  const head = lines.length === 0 ? "  features: all" : "  features: all but these";
  return [`  release: ${version}`, head, ...lines.map((line) => `    ${line}`)];
}

function infoText(info: Info): string {
  const devices = Object.entries(info.kernel.devices).map(([file, usable]) => `  ${file}: ${usable ? "yes" : "no"}`);
  return [
    `vpp-punt ${info.version}, Node ${info.node}, ${info.platform}, ${info.libc}, Linux ${info.kernel.release}`,
    `addon: ${addonText(info)}`,
    "memif engines:",
    ...Object.entries(info.engines).map(([name, engine]) => capabilityText(name, engine)),
    "binary-API transports:",
    ...Object.entries(info.transports).map(([name, transport]) => capabilityText(name, transport)),
    "kernel:",
    limitsText(info),
    ...devices,
    "VPP:",
    vppText(info),
  ].join("\n");
}

export async function run({ vpp, output }: { vpp: string; output: string }): Promise<void> {
  const info = await collectInfo(vpp);
  print(output === "json" ? json(info) : infoText(info));
}
