// The service of a daemon, and its doors for modules.
import { EventEmitter } from "node:events";
import { join } from "node:path";
import { type ConnectRouter, createRouterTransport, type HandlerContext, type Transport } from "@connectrpc/connect";
import { CallOrder } from "../../lib/call-order.js";
import { ClusterPunts } from "../../lib/cluster/index.js";
import type { CounterReader } from "../../lib/counters/index.js";
import { AttachDoor } from "../../lib/daemon/attach/index.js";
import { AuditLog } from "../../lib/daemon/audit.js";
import { attachPathOf } from "../../lib/daemon/cnf-sockets.js";
import { devicesOf, namesOf, snapshotsOf } from "../../lib/daemon/opened.js";
import { NamespacePins } from "../../lib/daemon/pins.js";
import { Policy } from "../../lib/daemon/policy/index.js";
import { callerKey, Dumps, OneByOne, type Parts, puntService, RequestGate } from "../../lib/daemon/service/index.js";
import type { Sessions } from "../../lib/daemon/sessions.js";
import { Tokens } from "../../lib/daemon/tokens.js";
import { SILENT } from "../../lib/logger.js";
import type { PuntManager } from "../../lib/punt/index.js";
import { Punts as PuntsService } from "../../lib/wire/index.js";
import { ROOT } from "./world/index.js";

/** The folder of the punt sockets that daemons make. */
export const SOCKETS = join(ROOT, "sockets");
/** Where a daemon takes calls. Beside it, it hands over descriptors. */
export const SOCKET = join(ROOT, "manager.sock");

const ROOT_USER = { kind: "unix", uid: 0, gid: 0, pid: 0, groups: [] } as const;

/** VPP's interfaces, of which a CNF needs to know that there are some. */
class Interfaces extends EventEmitter {
  readonly isConnected = true;
  readonly isKnown = true;

  list(): readonly object[] {
    return [{ name: "if0", swIfIndex: 1, tag: "" }];
  }
}

/** Returns the parts of a daemon. @param stopping ends its streams */
export async function partsOf(
  punts: PuntManager | ClusterPunts,
  sessions: Sessions,
  stopping: AbortSignal = new AbortController().signal,
): Promise<Parts> {
  const cluster = punts instanceof ClusterPunts ? punts : undefined;
  return {
    ...{ punts, sessions, names: namesOf(punts), snapshots: snapshotsOf(punts), devices: () => devicesOf(punts) },
    ...{
      looks: new OneByOne(),
      order: new CallOrder(),
      dumps: new Dumps(),
      tokens: new Tokens(),
      pins: new NamespacePins(join(ROOT, "netns")),
    },
    ...{ hosts: cluster?.hosts, cluster: () => cluster?.standing },
    as: (by, change) => (cluster ? cluster.as(by, change) : change()),
    ...{ policy: await Policy.load(undefined, 0), audit: await AuditLog.open(undefined, () => {}), log: SILENT },
    ...{ version: "", term: "", owner: "vpp-punt", vppSocket: "", longestWait: 60_000, stopping },
    ...{ socketDirectory: SOCKETS, attachSocketOf: attachPathOf },
    table: new Interfaces() as unknown as Parts["table"],
    // For calls that no module of the simulation makes: they name interfaces and counters of the machine.
    ...({ vpp: {}, resolver: {}, counters: {} as CounterReader } as Pick<Parts, "vpp" | "resolver" | "counters">),
  };
}

/** Opens the door of a daemon for descriptors. @param socket where the daemon takes calls */
export function openAttach(parts: Parts, path: string, socket: string): AttachDoor {
  return AttachDoor.open(parts, {
    ...{ path, mode: 0o666, group: undefined, owner: undefined, entrance: { path: socket } },
    credentialsOf: ({ credentials }) => credentials,
  });
}

/** Returns the daemon's service, which takes every caller for the user root. */
export function serviceOf(parts: Parts, socket: string): Transport {
  const service = puntService(parts, new RequestGate(parts));
  return createRouterTransport((router: ConnectRouter) => router.service(PuntsService, withCaller(service, socket)));
}

/** Returns the service with the caller in the context of each call, as a door puts it there. */
function withCaller<S extends object>(service: S, socket: string): S {
  const methods = Object.entries(service).map(([name, method]) => [
    name,
    (request: unknown, context: HandlerContext) => {
      context.values.set(callerKey, { ...ROOT_USER, socket });
      return (method as (...all: unknown[]) => unknown)(request, context);
    },
  ]);
  return Object.fromEntries(methods) as S;
}
