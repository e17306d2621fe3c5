// Network namespaces: which one it is, and moving devices into it.
import { PuntError } from "../errors.js";
import { native } from "../native.js";
import { show } from "../options.js";
import { Descriptor } from "./descriptor.js";
import { DescriptorCheck } from "./options.js";

/** A network namespace: the path of its file, such as `/proc/self/ns/net`, or an open descriptor of it. */
export type Namespace = string | Descriptor;

/** Path of this process's network namespace. */
export const OWN_NAMESPACE = "/proc/self/ns/net";

/** The identity of a network namespace while it exists: device and inode of its file. */
export interface NamespaceIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * Opens a network namespace by its path, which keeps it in existence.
 *
 * @throws PuntError `ERR_NOT_A_NAMESPACE` when the file is something else; the errno name when it cannot be opened
 */
export function openNamespace(path: string): Descriptor {
  const op = "namespace.open";
  const opened = open(op, path);
  try {
    identityOf(op, opened.fd, path);
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

/**
 * Returns what identifies the network namespace.
 *
 * @throws PuntError `ERR_NOT_A_NAMESPACE` when the file or descriptor is of something else; the errno name when it cannot be
 *   opened
 */
export function networkNamespace(namespace: Namespace): NamespaceIdentity {
  const op = "namespace.identify";
  return withNamespace(op, namespace, (fd) => identityOf(op, fd, namespace));
}

export interface MoveDeviceOptions {
  /** Name of the network device where it is. */
  readonly device: string;
  /** The namespace that it is in. Default: this process's. */
  readonly from?: Namespace;
  /** The namespace that it comes to. */
  readonly to: Namespace;
  /** Its name there. Default: the same. */
  readonly name?: string;
}

/**
 * Moves a network device into another namespace. It comes there down and without addresses.
 *
 * @throws PuntError `ERR_OPTION`; `ENODEV` when the device is not there; `EEXIST` when the name is taken where it goes; `EPERM`
 *   without CAP_NET_ADMIN in both; `ERR_NOT_A_NAMESPACE`
 */
export function moveDevice(options: MoveDeviceOptions): void {
  const op = "namespace.move-device";
  const check = new DescriptorCheck(op);
  check.known(options, ["device", "from", "to", "name"]);
  const device = check.deviceName("device", options.device);
  const name = options.name === undefined ? "" : check.deviceName("name", options.name);
  if (options.to === undefined) check.refuse("to", "is missing: a namespace's path or descriptor");
  withNamespace(op, options.to, (to) =>
    withNamespace(op, options.from, (from) => native.moveDevice(device, from, to, name)),
  );
}

/** Returns the names of the devices that exist and have their transmit checksum offload on. @throws PuntError as `moveDevice` */
export function devicesWithChecksumOffload(names: readonly string[], namespace?: Namespace): string[] {
  if (names.length === 0) return [];
  return withNamespace("namespace.checksum-offload", namespace, (fd) => native.devicesWithChecksumOffload(names, fd));
}

/** Switches the transmit checksum offload of a device, as `ethtool -K <device> tx on|off` does. @throws PuntError as `moveDevice` */
export function setChecksumOffload(device: string, on: boolean, namespace?: Namespace): void {
  withNamespace("namespace.checksum-offload", namespace, (fd) => native.setChecksumOffload(device, fd, on));
}

/** @internal Calls `work` with a descriptor of the namespace, which is open for that long; with -1 for this process's own. */
export function withNamespace<T>(op: string, namespace: Namespace | undefined, work: (fd: number) => T): T {
  if (namespace === undefined) return work(-1);
  const opened = namespace instanceof Descriptor ? undefined : open(op, namespace);
  try {
    const { fd } = opened ?? (namespace as Descriptor);
    identityOf(op, fd, namespace);
    return work(fd);
  } finally {
    opened?.close();
  }
}

function open(op: string, path: string): Descriptor {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new PuntError(op, "ERR_OPTION", `a namespace is a path or a descriptor; got ${show(path)}`, {
      option: "namespace",
    });
  }
  return Descriptor.of(native.openPath(op, path));
}

function identityOf(op: string, fd: number, namespace: Namespace): NamespaceIdentity {
  const identity = native.networkNamespace(fd);
  if (identity !== undefined) return { device: identity[0], inode: identity[1] };
  const what = typeof namespace === "string" ? namespace : `descriptor ${fd}`;
  throw new PuntError(op, "ERR_NOT_A_NAMESPACE", `${what} is not a network namespace`, { namespace: what });
}
