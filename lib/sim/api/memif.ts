// memif.api: sockets by id, and the interfaces on them.
import { dirname, isAbsolute, join } from "node:path";
import { ensureFolderSync } from "../../files/index.js";
import { formatMac } from "../../net/index.js";
import { parseMac, randomMac, type SwInterface } from "../dataplane/index.js";
import { DeafMemifDevice, type MemifConfig, type MemifDevice } from "../devices/index.js";
import { VnetError } from "../vnet-error.js";
import { type ApiContext, statusFlags } from "./context.js";

const NO_ID = 0xffffffff;
const NO_MAC = "00:00:00:00:00:00";
const DEFAULT_RING_SIZE = 1024;
const DEFAULT_BUFFER_SIZE = 2048;

interface MemifSocket {
  id: number;
  path: string;
  role: MemifConfig["role"] | undefined;
  /** VPP's count of its interfaces: -1 after VPP failed to make the first one, because the clean-up counts it down too. */
  count: number;
  /** Interfaces on it, by memif id. */
  users: Map<number, SwInterface>;
}

interface CreateArgs {
  role: string;
  mode: string | number;
  rx_queues: number;
  tx_queues: number;
  id: number;
  socket_id: number;
  ring_size: number;
  buffer_size: number;
  no_zero_copy: boolean;
  hw_addr: string;
  secret: string;
}

/** memif.api: sockets by id, and the interfaces on them. */
export function registerMemif(context: ApiContext): void {
  new MemifApi(context).register();
}

class MemifApi {
  readonly #sockets = new Map<number, MemifSocket>();
  #idSeed = 0;
  readonly #interfaces = new Map<SwInterface, { socket: MemifSocket; config: MemifConfig; zeroCopy: boolean }>();
  readonly #context: ApiContext;

  constructor(context: ApiContext) {
    this.#context = context;
    this.#addSocket(0, "memif.sock");
  }

  register(): void {
    const { registry } = this.#context;
    registry.reply<{ is_add: boolean; socket_id: number; socket_filename: string }>(
      "memif_socket_filename_add_del",
      (args) => {
        if (args.socket_id === NO_ID) throw new VnetError("INVALID_ARGUMENT", "no socket id");
        this.#addDelSocket(args);
      },
    );
    registry.reply<{ is_add: boolean; socket_id: number; socket_filename: string }>(
      "memif_socket_filename_add_del_v2",
      (args) => ({ socket_id: this.#addDelSocket(args) }),
      ({ socket_id }) => ({ socket_id }),
    );
    registry.dump("memif_socket_filename_dump", () => this.#dumpSockets());
    for (const name of ["memif_create", "memif_create_v2"]) {
      registry.reply<CreateArgs>(name, (args) => this.#create(args), { sw_if_index: 0 });
    }
    registry.reply<{ sw_if_index: number }>("memif_delete", ({ sw_if_index }) => this.#delete(sw_if_index));
    registry.dump("memif_dump", () => this.#dump());
  }

  #addDelSocket(args: { is_add: boolean; socket_id: number; socket_filename: string }): number {
    const { is_add, socket_filename } = args;
    if (args.socket_id === 0) throw new VnetError("INVALID_ARGUMENT", "socket id 0 is VPP's own");
    const id = is_add && args.socket_id === NO_ID ? this.#unusedId() : args.socket_id;
    if (is_add) this.#addSocket(id, socket_filename);
    else this.#deleteSocket(id);
    return id;
  }

  /** Returns the next of VPP's random numbers, from VPP's seed: the ids come in the same order as on a fresh VPP. */
  #unusedId(): number {
    do {
      this.#idSeed = (Math.imul(this.#idSeed, 1664525) + 1013904223) >>> 0;
    } while (this.#idSeed === NO_ID || this.#sockets.has(this.#idSeed));
    return this.#idSeed;
  }

  /** Adds a socket. To add the same socket again changes nothing; another path under the same id is an error. */
  #addSocket(id: number, filename: string): void {
    if (filename === "") throw new VnetError("INVALID_ARGUMENT", "socket filename not specified");
    const path = this.#resolve(filename);
    const known = this.#sockets.get(id);
    if (known?.path === path) return;
    if (known !== undefined) throw new VnetError("ENTRY_ALREADY_EXISTS", `socket id ${id} is ${known.path}`);
    this.#sockets.set(id, { id, path, role: undefined, count: 0, users: new Map() });
  }

  /** Returns abstract names and absolute paths as they are. Other names are in the runtime directory, whose folders VPP makes. */
  #resolve(filename: string): string {
    if (isAbsolute(filename) || filename.startsWith("@") || filename.startsWith("abstract:")) return filename;
    const path = join(this.#context.runtimeDirectory, filename);
    ensureFolderSync(dirname(path));
    return path;
  }

  #deleteSocket(id: number): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) throw new VnetError("INVALID_ARGUMENT", `socket file with id ${id} does not exist`);
    if (socket.count > 0) throw new VnetError("UNEXPECTED_INTF_STATE", `socket file '${socket.path}' is in use`);
    this.#sockets.delete(id);
  }

  *#dumpSockets() {
    for (const { id, path } of this.#sockets.values()) yield { socket_id: id, socket_filename: path };
  }

  async #create(args: CreateArgs) {
    const config = this.#configOf(args);
    const socket = this.#sockets.get(args.socket_id);
    if (socket === undefined) throw new VnetError("INVALID_ARGUMENT", `unknown socket id ${args.socket_id}`);
    this.#checkSocket(socket, config);
    const { dp } = this.#context;
    const mac = config.mode === "ip" ? undefined : args.hw_addr === NO_MAC ? randomMac() : parseMac(args.hw_addr);
    const device = await this.#device(socket, config);
    const swInterface = dp.createInterface(`memif${socket.id}/${args.id}`, mac, device);
    device.attach(swInterface);
    socket.role = config.role;
    socket.count++;
    socket.users.set(args.id, swInterface);
    this.#interfaces.set(swInterface, { socket, config, zeroCopy: config.role === "client" && !args.no_zero_copy });
    return { sw_if_index: swInterface.swIfIndex };
  }

  /** A server on a socket whose count is wrong does not listen, as in VPP. */
  async #device(socket: MemifSocket, config: MemifConfig): Promise<MemifDevice> {
    if (config.role === "server" && socket.count < 0) return new DeafMemifDevice();
    try {
      if (config.role === "server") this.#checkPath(socket);
      return await this.#context.devices.memif({ ...config, path: socket.path });
    } catch (error) {
      socket.count--;
      throw error;
    }
  }

  /** VPP binds the path once for each socket id: a second id finds it taken. */
  #checkPath({ id, path }: MemifSocket): void {
    const listens = (other: MemifSocket) =>
      other.id !== id && other.path === path && other.role === "server" && other.users.size > 0;
    if ([...this.#sockets.values()].some(listens)) throw new VnetError("SYSCALL_ERROR_4", `${path} is in use`);
  }

  #configOf(args: CreateArgs): MemifConfig {
    const ringSize = args.ring_size || DEFAULT_RING_SIZE;
    if ((ringSize & (ringSize - 1)) !== 0) throw new VnetError("INVALID_ARGUMENT", `ring size ${ringSize}`);
    const modes: Record<string, "ethernet" | "ip"> = { MEMIF_MODE_API_ETHERNET: "ethernet", MEMIF_MODE_API_IP: "ip" };
    const mode = modes[args.mode];
    if (mode === undefined) throw new VnetError("SYSCALL_ERROR_2", "unsupported interface mode");
    return {
      path: "",
      id: args.id,
      role: args.role === "MEMIF_ROLE_API_MASTER" ? "server" : "client",
      mode,
      ringSize,
      bufferSize: args.buffer_size || DEFAULT_BUFFER_SIZE,
      rxQueues: args.rx_queues || 1,
      txQueues: args.tx_queues || 1,
      secret: args.secret,
    };
  }

  #checkSocket(socket: MemifSocket, { id, role }: MemifConfig): void {
    if (socket.users.size > 0 && socket.role !== role) {
      throw new VnetError("SUBIF_ALREADY_EXISTS", "socket file cannot be used by both master and slave");
    }
    if (socket.users.has(id)) throw new VnetError("SUBIF_ALREADY_EXISTS", "interface already exists");
  }

  #delete(swIfIndex: number): void {
    const { dp } = this.#context;
    const swInterface = dp.interfaces.find(swIfIndex);
    const known = swInterface && this.#interfaces.get(swInterface);
    if (known === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `interface ${swIfIndex} is not a memif`);
    this.#interfaces.delete(swInterface!);
    known.socket.users.delete(known.config.id);
    known.socket.count--;
    dp.interfaces.delete(swInterface!);
  }

  *#dump() {
    for (const [swInterface, { socket, config, zeroCopy }] of this.#interfaces) {
      yield {
        sw_if_index: swInterface.swIfIndex,
        hw_addr: formatMac(swInterface.mac ?? new Uint8Array(6)),
        id: config.id,
        role: config.role === "server" ? "MEMIF_ROLE_API_MASTER" : "MEMIF_ROLE_API_SLAVE",
        mode: config.mode === "ip" ? "MEMIF_MODE_API_IP" : "MEMIF_MODE_API_ETHERNET",
        zero_copy: zeroCopy,
        socket_id: socket.id,
        // The sizes that the peers agreed on: VPP shows 1 and 0 until a peer is connected.
        ring_size: swInterface.linkUp ? config.ringSize : 1,
        buffer_size: swInterface.linkUp ? config.bufferSize : 0,
        flags: statusFlags(swInterface),
        if_name: swInterface.name,
      };
    }
  }
}
