// The services of deploy/compose.yaml as containers of podman: the same user, capabilities, environment and mounts.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import type { ContainerOptions } from "./podman.js";

/** Folder of the files that users copy. */
const DEPLOY = "deploy";

/** Returns the options of a service. `folders` has the host's folder for each volume and path of the host that the file names. */
export function composeService(name: string, folders: Readonly<Record<string, string>>): ContainerOptions {
  const service = parse(readFileSync(join(DEPLOY, "compose.yaml"), "utf8")).services[name];
  const mounts = (service.volumes as string[]).map((volume) => {
    const [source = "", ...rest] = volume.split(":");
    return [source.startsWith("./") ? resolve(DEPLOY, source) : folders[source], ...rest].join(":");
  });
  const [user] = (service.user ?? "").split(":");
  return {
    network: service.network_mode ?? "none",
    hostPids: service.pid === "host",
    ...(user !== "" && { user: Number(user) }),
    capabilities: service.cap_add ?? [],
    privileged: service.privileged ?? false,
    env: service.environment ?? {},
    mounts,
  };
}
