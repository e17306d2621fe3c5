// Ends of a punt whose other sides are in the same process, and the daemon that hands them over.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { bindPuntSocket, connectMemifControl, connectPuntSocket } from "../../../lib/descriptor/index.js";
import { type Handed, HandedEnds, type HandedHooks, type HandOverRequest } from "../../../lib/module/handed-ends.js";
import type { EndHooks } from "../../../lib/module/ports.js";
import type { InterconnectMetadata, PuntState, PuntStatus } from "../../../lib/punt/index.js";
import { python, until } from "../descriptor/peer.js";
import { openMemif } from "../memif/ports.js";
import { socketFolder, startVpp } from "../punt-socket/peer.js";
import { NAMES } from "./life.js";

export const created = (interconnects: readonly InterconnectMetadata[], state: PuntState = "CREATED") =>
  ({ state, metadata: { interconnects } }) as unknown as PuntStatus;

export const tap = (name: string, namespace = "") =>
  ({ type: "TAP", attachment: { kind: "tap", name, namespace } }) as unknown as InterconnectMetadata;

/** VPP's side of a memif, and how the CNF finds it. `serve` opens it again. */
export function memifSide(t: ExecutionContext, { id = 0, cnfInterface = {} as object } = {}) {
  const socket = join(socketFolder(t), "memif.sock");
  const side = {
    serve: () => (side.server = openMemif(t, { role: "server", mode: "ethernet", socket, id })),
    server: openMemif(t, { role: "server", mode: "ethernet", socket, id }),
    interconnect: {
      ...{ type: "MEMIF", attachment: { kind: "memif", socket, id, secret: "" } },
      cnfInterface: { mac: "02:00:00:00:00:01", addresses: [], ...cnfInterface },
    } as unknown as InterconnectMetadata,
    hand: (index: number, identity: string): Handed => ({
      ...{ kind: "memif", interconnect: index, identity, descriptor: connectMemifControl(socket) },
    }),
  };
  return side;
}

/** A VPP that takes the connection of a memif and says nothing, until it ends it. */
export async function silentMemif(t: ExecutionContext) {
  const socket = join(socketFolder(t), "memif.sock");
  const code = `
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
listener.listen(9)
open(path + ".listens", "w")
while not os.path.exists(path + ".ends"): time.sleep(0.01)
listener.accept()[0].close()`;
  void python(t, socket, code);
  await until(() => existsSync(`${socket}.listens`));
  return {
    hand: (index: number, identity: string): Handed => ({
      ...{ kind: "memif", interconnect: index, identity, descriptor: connectMemifControl(socket) },
    }),
    hangUp: () => writeFileSync(`${socket}.ends`, ""),
  };
}

/** VPP's side of a punt socket. `restart` opens it again. */
export function socketSide(t: ExecutionContext) {
  const folder = socketFolder(t);
  const [path, vppPath] = [join(folder, "client"), join(folder, "vpp")];
  const vpp = startVpp(t, vppPath);
  return {
    ...{ vpp, path, folder },
    restart: () => startVpp(t, vppPath),
    interconnect: { type: "AF_UNIX", attachment: { kind: "af-unix", path, vppPath } } as InterconnectMetadata,
    socket: (index: number, identity: string): Handed => ({
      ...{ kind: "socket", interconnect: index, identity },
      descriptor: bindPuntSocket({ path, vppPath, replace: true }),
    }),
    inject: (index: number, identity: string): Handed => ({
      ...{ kind: "inject", interconnect: index, identity, descriptor: connectPuntSocket(vppPath) },
    }),
  };
}

type Answer = (request: HandOverRequest) => readonly Handed[] | Promise<readonly Handed[]>;

/** Ends whose daemon gives the answers in turn, and then nothing. */
export function handedEnds(t: ExecutionContext, answers: Answer[], more: Partial<EndHooks> = {}) {
  const asked: HandOverRequest[] = [];
  const problems: unknown[] = [];
  const told: (readonly string[])[] = [];
  const hooks: HandedHooks = {
    ...{ interfaces: NAMES, options: {}, answers: undefined },
    onChange: () => void told.push(ends.unconnected()),
    onProblem: (error) => void problems.push(error),
    ...more,
    async handOver(request) {
      asked.push(request);
      return (await answers.shift()?.(request)) ?? [];
    },
  };
  const ends: HandedEnds = new HandedEnds(hooks);
  t.teardown(() => ends.close());
  return { ends, asked, problems, told, answers };
}
