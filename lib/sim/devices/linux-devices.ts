// TAPs and raw sockets of this machine.
import { execFile } from "node:child_process";
import { isAbsolute } from "node:path";
import { promisify } from "node:util";
import type { VnetErrorName } from "../../binapi/index.js";
import { PuntError } from "../../errors.js";
import { formatMac } from "../../net/index.js";
import type { DataPlane, Device, SwInterface } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { HostDevice, TapConfig } from "./factory.js";
import { FramePort, NO_HEAD } from "./frame-port.js";

const LIMITS = { timeout: 10_000, killSignal: "SIGKILL" } as const;
const run = (program: string, args: readonly string[]) => promisify(execFile)(program, args, LIMITS);
const LONGEST_FRAME = 65_536;

/** Real TAPs and raw sockets of this machine: needs root, or CAP_NET_ADMIN. */
export class LinuxDevices {
  /** A TAP as VPP makes it: in the namespace, with addresses, up. */
  async tap(dp: DataPlane, config: TapConfig): Promise<HostDevice> {
    const netns = namespacePath(config.namespace);
    const kind = config.isTun ? "tun" : "tap";
    const port = open(() => new FramePort({ kind, name: config.hostName, netns, sendBuffer: 0 }), "SYSCALL_ERROR_2");
    try {
      await configure(port.name, netns, config);
    } catch (error) {
      port.close();
      throw new VnetError("NETLINK_ERROR", (error as Error).message);
    }
    return new LinuxDevice(dp, port, "virtio", config.namespace, config.hostMac);
  }

  afPacket(dp: DataPlane, hostName: string): HostDevice {
    const options = { kind: "packet" as const, name: hostName, netns: "", sendBuffer: 0 };
    const port = open(() => new FramePort(options), "SYSCALL_ERROR_1");
    return new LinuxDevice(dp, port, "af-packet", "", new Uint8Array(6));
  }
}

class LinuxDevice implements HostDevice {
  readonly device: Device;
  readonly #dp: DataPlane;
  readonly #port: FramePort;

  constructor(
    dp: DataPlane,
    port: FramePort,
    className: string,
    readonly namespace: string,
    readonly mac: Uint8Array,
  ) {
    this.#dp = dp;
    this.#port = port;
    this.device = {
      className,
      send: (frame) => port.push(frame, 0, 0, NO_HEAD, () => undefined),
      flush: () => port.flush(),
      close: () => port.close(),
    };
  }

  get name(): string {
    return this.#port.name;
  }

  get ifIndex(): number {
    return this.#port.ifIndex;
  }

  attach(swInterface: SwInterface): void {
    const dp = this.#dp;
    this.#port.receive(
      LONGEST_FRAME,
      (frame) => dp.receive(swInterface, frame),
      () => dp.flush(),
    );
  }
}

/** A namespace as VPP reads it: a path, "pid:<n>", or a name under /var/run/netns. */
function namespacePath(namespace: string): string {
  if (namespace === "" || isAbsolute(namespace)) return namespace;
  if (namespace.startsWith("pid:")) return `/proc/${namespace.slice(4)}/ns/net`;
  return `/var/run/netns/${namespace}`;
}

async function configure(name: string, netns: string, config: TapConfig): Promise<void> {
  const ip = (...args: string[]) =>
    netns === "" ? run("ip", args) : run("nsenter", [`--net=${netns}`, "ip", ...args]);
  if (!config.isTun) await ip("link", "set", "dev", name, "address", formatMac(config.hostMac));
  if (config.mtu > 0) await ip("link", "set", "dev", name, "mtu", String(config.mtu));
  if (config.bridge !== "") await ip("link", "set", "dev", name, "master", config.bridge);
  for (const prefix of config.addresses) {
    await ip("address", "add", prefix, "dev", name, ...(prefix.includes(":") ? ["nodad"] : []));
  }
  await ip("link", "set", "dev", name, "up");
  for (const gateway of config.gateways) {
    await ip(gateway.includes(":") ? "-6" : "-4", "route", "replace", "default", "via", gateway, "dev", name);
  }
}

function open(make: () => FramePort, error: VnetErrorName): FramePort {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof PuntError)) throw cause;
    throw new VnetError(error, cause.message);
  }
}
