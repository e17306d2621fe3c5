// The embedded VPP in the world: its messages, its data plane and its API server, with devices that move no packet.
import type { Vpp } from "../../lib/binapi/index.js";
import { type Message, type MessageValue, Schema, Writer } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import { formatMac } from "../../lib/net/index.js";
import type { EmulatedInterface } from "../../lib/punt/index.js";
import { emptyValue } from "../../lib/sim/api/empty-value.js";
import { type ApiContext, ApiServer, MessageTable, registerApi } from "../../lib/sim/api/index.js";
import { Cli } from "../../lib/sim/cli.js";
import { DataPlane, parseMac } from "../../lib/sim/dataplane/index.js";
import { EmulatedDevices, type MemifConfig, type MemifDevice, WireDevice } from "../../lib/sim/devices/index.js";
import { Faults } from "../../lib/sim/faults.js";
import { VppLog } from "../../lib/sim/log.js";
import { VnetError } from "../../lib/sim/vnet-error.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { CountingRegistry } from "./counting-registry.js";
import { Refusals } from "./refusals.js";
import { type Sockets, VppMemif } from "./sockets/index.js";
import { type Files, type Party, ROOT, type World } from "./world/index.js";

const RELEASE = "26.06";
export const API_SOCKET = `${ROOT}/api.sock`;
/** Where VPP takes packets that CNFs inject. */
const PUNT_SOCKET = `${ROOT}/punt.sock`;

const schema = Schema.builtin(RELEASE);

/** The note of a deleted interconnect on the next interface with its index, which has no effect. */
const INHERITED = /^proxy-arp-on (?!memif-|tap-)/;

/** One life of VPP. Nothing of it survives but the files of its sockets. */
export class VppLife {
  readonly dp = new DataPlane();
  readonly host = new EmulatedDevices();
  readonly log = new VppLog();
  readonly registry = new CountingRegistry();
  readonly server: ApiServer;
  readonly #table: MessageTable;
  /** The last snapshot, and the number of changes when it was begun. */
  #seen: { readonly lines: readonly string[]; readonly changes: number } | undefined;
  readonly #cli = new Cli(this.dp, () => this.server.clients);

  /** @param sockets undefined for a VPP that no client sees */
  constructor(
    cards: readonly string[],
    files: Files,
    faults: Faults,
    crashed: () => void,
    sockets: Sockets | undefined,
  ) {
    registerApi(this.#context(files, sockets));
    this.#table = new MessageTable(schema, this.registry, new Set());
    const { registry, log } = this;
    const flush = () => this.dp.flush();
    this.server = new ApiServer({ path: API_SOCKET, table: this.#table, registry, faults, log, flush, crashed });
    this.dp.puntSocket.transport = { path: PUNT_SOCKET, send: (_path, _index, _frame, done) => done(false) };
    for (const family of [4, 6] as const) this.dp.udp[family].puntUnknown = true;
    this.dp.createInterface("local0", undefined, new WireDevice("local"));
    for (const [index, name] of cards.entries()) {
      const card = this.dp.createInterface(name, parseMac(`02:fc:00:00:00:0${index + 1}`), new WireDevice());
      this.dp.interfaces.setLink(card, true);
    }
  }

  #context(files: Files, sockets: Sockets | undefined): ApiContext {
    const { registry, dp, log, host } = this;
    const users = new Map<string, number>();
    return {
      ...{ registry, dp, log },
      devices: {
        memif: (config) => new FileMemif(files, users, config, sockets),
        tap: (config) => {
          const { hostName, namespace } = config;
          if (sockets && sockets.namespaces.at(namespace) === undefined)
            throw new VnetError("SYSCALL_ERROR_2", `there is no namespace ${namespace}`);
          const made = host.tap(dp, config);
          sockets?.namespaces.put(host.find(hostName, namespace)!, namespace);
          const { close } = made.device;
          made.device.close = () => {
            close();
            sockets?.devicesGone();
          };
          return made;
        },
        afPacket: (name) => host.afPacket(dp, name),
      },
      table: () => this.#table,
      runtimeDirectory: ROOT,
      release: RELEASE,
      host: "emulated",
      cli: (line) => this.#cli.answer(line),
    };
  }

  /** Everything that VPP has now, as lines. They are read again when a message may have changed them. */
  async snapshot(): Promise<readonly string[]> {
    const { changes } = this.registry;
    if (this.#seen?.changes === changes) return this.#seen.lines;
    const lines = (await snapshot(this.direct())).filter((line) => !INHERITED.test(line));
    if (this.registry.changes === changes) this.#seen = { lines, changes };
    return lines;
  }

  /** A client without a connection: each call is carried out at once, and no fault strikes it. For the operator and the model. */
  direct(): Vpp {
    const client = { index: 0, name: "direct", event: () => undefined, onGone: () => undefined };
    const handle = (name: string, value: MessageValue) => {
      const message = schema.message(name);
      const handler = this.registry.find(name)!;
      const result = handler.handle(decoded(message, value) as never, client);
      return { message, result };
    };
    const direct = {
      has: (name: string) => this.registry.find(name) !== undefined,
      async call(name: string, value: MessageValue = {}) {
        try {
          const { message, result } = handle(name, value);
          const reply = schema.message(message.service?.reply ?? `${name}_reply`);
          return decoded(reply, ((await result) ?? {}) as MessageValue);
        } catch (error) {
          throw error instanceof VnetError ? new PuntError("direct", `VPP_${error.code}`, error.message) : error;
        }
      },
      async dumpAll(name: string, value: MessageValue = {}) {
        const { message, result } = handle(name, value);
        const { streamMessage, reply } = message.service ?? {};
        const details = schema.message(streamMessage ?? reply ?? name.replace(/_dump$/, "_details"));
        return [...(result as Iterable<MessageValue>)].map((each) => decoded(details, each));
      },
    };
    return direct as unknown as Vpp;
  }
}

const encoded = new Writer(1 << 12);

/** Returns a value as the receiver of the message reads it. */
function decoded(message: Message, value: MessageValue): MessageValue {
  encoded.at = 0;
  message.write(encoded, 0, 0, 0, { ...emptyValue(message), ...value });
  return message.decode(encoded.bytes.subarray(0, encoded.at));
}

/** A memif that moves no packet. As server it shares the file of its socket with the other servers on it. */
class FileMemif implements MemifDevice {
  readonly className = "memif";
  readonly #files: Files;
  readonly #users: Map<string, number>;
  readonly #path: string | undefined;
  readonly #link: VppMemif | undefined;

  constructor(files: Files, users: Map<string, number>, config: MemifConfig, sockets: Sockets | undefined) {
    this.#files = files;
    this.#users = users;
    const { path, id, secret } = config;
    this.#path = config.role === "server" ? path : undefined;
    if (this.#path === undefined) return;
    const others = users.get(path) ?? 0;
    try {
      if (others === 0) files.bind(path);
    } catch (error) {
      throw new VnetError("SYSCALL_ERROR_4", (error as Error).message);
    }
    users.set(path, others + 1);
    this.#link = sockets && new VppMemif(sockets.memifs, path, id, secret);
  }

  attach(): void {}

  send(): boolean {
    return false;
  }

  close(): void {
    this.#link?.close();
    if (this.#path === undefined) return;
    const others = this.#users.get(this.#path)! - 1;
    this.#users.set(this.#path, others);
    if (others === 0 && this.#files.kind(this.#path)) this.#files.remove(this.#path);
  }
}

/** VPP's process. Each start is a new life. */
export class VppProcess {
  readonly faults: Faults = new Refusals();
  readonly #world: World;
  readonly #cards: readonly string[];
  /** Configures a life that begins, as a startup configuration does. */
  readonly #configure: (life: VppLife) => Promise<void>;
  #party: Party | undefined;
  life: VppLife | undefined;
  /** When VPP last crashed, or was changed by its operator. */
  disturbedAt = 0;

  constructor(world: World, cards: readonly string[], configure: (life: VppLife) => Promise<void>) {
    this.#world = world;
    this.#cards = cards;
    this.#configure = configure;
  }

  /** A life of the same VPP that no client will see. */
  scratch(): VppLife {
    return new VppLife(this.#cards, this.#world.files, new Faults(), () => undefined, undefined);
  }

  get party(): Party | undefined {
    return this.#party?.isAlive ? this.#party : undefined;
  }

  async start(): Promise<void> {
    const { schedule, network, files, sockets } = this.#world;
    const party = schedule.newParty("vpp");
    this.#party = party;
    const life = schedule.as(party, () => {
      sockets.datagrams.serve(PUNT_SOCKET);
      return new VppLife(this.#cards, files, this.faults, () => void this.crash(50), sockets);
    });
    this.life = life;
    await this.#configure(life);
    this.disturbedAt = schedule.now;
    schedule.as(party, () => network.listen(API_SOCKET, (socket) => life.server.accept(socket)));
  }

  /** Dies at once, and starts again after virtual milliseconds, as under a supervisor. */
  async crash(downMs: number): Promise<void> {
    const { schedule, network } = this.#world;
    if (!this.#party?.isAlive) return;
    this.#party.isAlive = false;
    this.life = undefined;
    this.#world.sockets.devicesGone();
    this.disturbedAt = schedule.now;
    network.leave(this.#party);
    this.#world.sockets.leave(this.#party);
    await schedule.sleep(downMs);
    await this.start();
  }

  /** The host's ends of VPP's TAPs, for the emulated host. */
  async hostInterfaces(
    filter: { readonly name?: string; readonly namespace?: string } = {},
  ): Promise<EmulatedInterface[]> {
    const { namespaces } = this.#world.sockets;
    const found = this.life?.host.values() ?? [];
    return found
      .filter((device) => namespaces.isReachable(device))
      .filter(({ name, namespace }) => (filter.name ?? name) === name && (filter.namespace ?? namespace) === namespace)
      .map(({ name, namespace, mac, ifIndex, mtu }) => ({ name, namespace, mac: formatMac(mac), ifIndex, mtu }));
  }

  async setHostMtu(name: string, mtu: number, namespace = ""): Promise<void> {
    const found = this.life?.host.find(name, namespace);
    if (found) found.mtu = mtu;
  }
}
