// The keeper of a CNF's punts: a daemon, or a manager in this process.
import { connect } from "node:net";
import { join } from "node:path";
import { DEFAULT_SOCKET_DIRECTORY, DEFAULT_VPP_SOCKET } from "../default-sockets.js";
import { PuntError } from "../errors.js";
import { ensureFolder } from "../files/index.js";
import { given } from "../options.js";
import {
  DEFAULT_OWNER,
  idKey,
  type PuntId,
  PuntManager,
  type PuntManagerOptions,
  type PuntRequestInput,
  type Punts,
  puntSocketPath,
  RETURN_TIME_MS,
  type WatchEvent,
  type WatchOptions,
} from "../punt/index.js";
import { remotePunts } from "./connect.js";
import type { Handed, HandOverRequest } from "./handed-ends.js";
import { type ConnectOptions, socketOf } from "./options.js";
import { type OwnManager, OwnManagers } from "./own-managers.js";
import type { InterfaceNames } from "./ports.js";
import type { RemotePunts, SessionLife } from "./remote/index.js";

export interface Backing {
  readonly punts: Punts;
  readonly interfaces: InterfaceNames;
  /** Returns the path of a punt's socket that this process makes. Undefined: the daemon makes it. */
  readonly socketPathOf?: ((id: PuntId) => string) | undefined;
  /** Rejects when another program takes this one's place. */
  readonly replaced: Promise<never>;
  /** The session that the punts live as long as; undefined: they outlive this program. */
  readonly session?: SessionLife | undefined;
  /** Returns the request with what only this process knows: its network namespace. Undefined: there is nothing to add. */
  complete?(request: PuntRequestInput): Promise<PuntRequestInput>;
  /** Hands over open descriptors of a punt. Undefined: this process opens the paths. */
  handOver?(id: PuntId, request: HandOverRequest): Promise<readonly Handed[]>;
  /** Follows the punts; `onAway` is called with the cause each time the daemon is lost. */
  follow(options: WatchOptions, onAway: (cause: PuntError) => void): AsyncIterable<WatchEvent>;
  close(): Promise<void>;
}

/** An embedded VPP, as far as a CNF's own manager needs it: an `EmbeddedVpp` or a `SpawnedVpp`. */
export interface LocalVpp {
  /** Path of its API socket. */
  readonly apiSocket: string;
  /** Its own folder. */
  readonly directory: string;
}

export interface OwnManagerOptions {
  /**
   * An embedded VPP (`EmbeddedVpp` of `vpp-punt/sim`) instead of VPP: this process manages it, keeps all sockets in its folder, and asks no
   * daemon. Does not go with `vppSocket`, `socketDirectory` or the options of a daemon.
   */
  readonly vpp?: LocalVpp;
  /** VPP's API socket. Default `/run/vpp/api.sock`. */
  readonly vppSocket?: string;
  /** Options of the manager, for a program that manages VPP itself. */
  readonly manager?: Omit<PuntManagerOptions, "vpp" | "readOnly">;
  /** Folder of the punt sockets. Default `/run/vpp-punt/sockets`. */
  readonly socketDirectory?: string;
}

/** Returns a daemon's punts. */
export async function daemonBacking(options: ConnectOptions): Promise<Backing> {
  // Descriptors do not travel over TCP.
  return backingOver(await remotePunts(options), options.tls === undefined);
}

/** Returns the punts of a daemon. @param isHanded whether the daemon hands over the ends */
export function backingOver(punts: RemotePunts, isHanded: boolean): Backing {
  const handing: Pick<Backing, "complete" | "handOver"> = !isHanded
    ? {}
    : {
        complete: (request) => withNamespace(request, (cnf) => punts.handovers.namespace(cnf)),
        handOver: (id, request) => punts.handovers.ends(id, request),
      };
  return {
    ...handing,
    punts,
    interfaces: punts.interfaces,
    replaced: punts.replaced,
    session: punts.session,
    follow: (watch, onAway) => punts.follow(watch, onAway),
    close: () => punts.close(),
  };
}

/** A TAP comes into the CNF's own namespace, unless the request names another one. */
async function withNamespace(
  request: PuntRequestInput,
  namespaceOf: (cnf: string) => Promise<string>,
): Promise<PuntRequestInput> {
  if (request.interconnect !== "TAP" || request.netns !== undefined) return request;
  const path = await namespaceOf(request.cnf);
  return path === "" ? request : { ...request, netns: { path } };
}

/** Tells whether a daemon was named, or listens where daemons do. */
export async function hasDaemon(options: ConnectOptions): Promise<boolean> {
  if (options.socket !== undefined || options.tls !== undefined || process.env.VPP_PUNT_SOCKET) return true;
  return await new Promise<boolean>((resolve) => {
    const socket = connect(socketOf(options), () => {
      socket.destroy();
      resolve(true);
    });
    // A daemon that is busy, or that this user may not reach, is there all the same: its refusal says more than a second manager would.
    socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "EACCES" || code === "EAGAIN"));
  });
}

/** One manager for each VPP: two in one process would undo each other's work. */
const OWN = new OwnManagers(openOwn);

/** Returns the punts of this process's own manager. @throws PuntError of the store, or of an option */
export async function ownBacking({ vpp: local, ...given }: OwnManagerOptions, managers = OWN): Promise<Backing> {
  const {
    vppSocket = DEFAULT_VPP_SOCKET,
    socketDirectory = DEFAULT_SOCKET_DIRECTORY,
    manager: options,
  } = local
    ? { ...placeOf(local), manager: { memifDirectory: join(local.directory, "memif"), ...given.manager } }
    : given;
  const { opened, close } = managers.use(vppSocket, options);
  try {
    const { manager, table } = await opened;
    await makeFolder(socketDirectory);
    const follow = (watch: WatchOptions) => manager.watch(watch);
    const replaced = new Promise<never>(() => {});
    const socketPathOf = (id: PuntId) => puntSocketPath(options?.owner ?? DEFAULT_OWNER, socketDirectory, idKey(id));
    return { punts: manager, interfaces: table, socketPathOf, replaced, follow, close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

/** Returns the paths of an embedded VPP. */
export function placeOf({ apiSocket, directory }: LocalVpp): { vppSocket: string; socketDirectory: string } {
  return { vppSocket: apiSocket, socketDirectory: join(directory, "sockets") };
}

async function openOwn(vppSocket: string, options: OwnManagerOptions["manager"]): Promise<OwnManager> {
  // Programs whose punts a daemon manages never need it.
  const { InterfaceTable, LateVpp } = await import("../vpp/index.js");
  const vpp = new LateVpp(vppSocket);
  const table = new InterfaceTable(vpp);
  const closeVpp = async () => {
    table.close();
    await vpp.close();
  };
  try {
    const manager = await PuntManager.start({ returnTime: RETURN_TIME_MS, ...given(options ?? {}), vpp });
    // A problem shows in the status of the punts; the manager tries again.
    manager.on("problem", () => {});
    const close = async () => {
      await manager.close();
      await closeVpp();
    };
    return { manager, table, close };
  } catch (error) {
    await closeVpp();
    throw error;
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await ensureFolder(path, 0o755);
  } catch (cause) {
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    const remedy =
      "Run as root, name another folder with the option socketDirectory, or run the daemon, which makes the socket";
    throw new PuntError("cnf.open", code, `cannot make the folder ${path}`, { path, remedy }, cause);
  }
}
