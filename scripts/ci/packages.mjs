// Installs the Debian packages that the checks use, and names the packages that cannot be installed. Tests that need them are skipped.
import { spawnSync } from "node:child_process";

const packages = [
  "clang",
  "g++",
  "make",
  "python3",
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

function isInstalled(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's placeholder
  const query = spawnSync("dpkg-query", ["-W", "-f", "${Status}", name], { encoding: "utf8" });
  return query.status === 0 && query.stdout.includes("install ok installed");
}

/** Installs what is missing; returns the names that are still missing afterwards. */
export function installPackages() {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return [];
  if (process.getuid() !== 0) {
    console.log(`not root: cannot install ${missing.join(" ")}`);
    return missing;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const aptGet = (...args) => spawnSync("apt-get", ["-qq", ...args], { env, stdio: ["ignore", "ignore", "inherit"] });
  aptGet("update");
  aptGet("install", "-y", "--no-install-recommends", ...missing);
  const still = missing.filter((name) => !isInstalled(name));
  if (still.length > 0) console.log(`could not install: ${still.join(" ")}`);
  return still;
}
