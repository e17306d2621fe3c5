// Installs the Debian packages that the checks use, and names the packages that cannot be installed. Tests that need them are skipped.
import { spawnSync } from "node:child_process";
import { run } from "./run.mjs";

/** Packages that `npm ci` and the addon need. */
export const COMPILER = ["g++", "make", "python3"];

/** Packages that the checks after that need. */
export const TOOLS = [
  "clang",
  "clang-format",
  "clang-tidy",
  "chromium",
  "dpdk-dev",
  "etcd-client",
  "etcd-server",
  "ethtool",
  "fish",
  "iputils-ping",
  "python3-grpcio",
  "python3-protobuf",
  "systemd",
  "tshark",
  "zsh",
  "iproute2",
  "procps",
  "podman",
  "runc",
];

/** Packages with which the package's checks run it on arm64. */
export const EMULATION = ["g++-aarch64-linux-gnu", "qemu-user-static"];

/** Returns the package with the runtimes of clang's sanitizers and of libFuzzer, which has its version in its name. */
export function clangRuntime() {
  const { stdout } = spawnSync("clang", ["--version"], { encoding: "utf8" });
  const version = /version (\d+)/.exec(stdout ?? "")?.[1];
  return version === undefined ? [] : [`libclang-rt-${version}-dev`];
}

function isInstalled(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's placeholder
  const query = spawnSync("dpkg-query", ["-W", "-f", "${Status}", name], { encoding: "utf8" });
  return query.status === 0 && query.stdout.includes("install ok installed");
}

/** Installs the missing packages; resolves with lines that name the packages it could not install. */
export async function installPackages(packages) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return [];
  if (process.getuid() !== 0) return [`not root: cannot install ${missing.join(" ")}`];
  const aptGet = (...args) => run("apt-get", ["-qq", ...args], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  const said = [await aptGet("update"), await aptGet("install", "-y", "--no-install-recommends", ...missing)];
  const still = missing.filter((name) => !isInstalled(name));
  return still.length === 0 ? [] : [...said.map(({ stderr }) => stderr), `could not install: ${still.join(" ")}`];
}
