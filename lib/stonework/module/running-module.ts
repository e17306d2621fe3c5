// A CNF under StoneWork's punt manager, at work: serves StoneWork's calls, and holds what StoneWork announces.
import type { EventEmitter } from "node:events";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { StateFile, type StateForm } from "../../files/index.js";
import { guarded } from "../../guarded.js";
import { lazily, zod } from "../../lazily.js";
import { type Attachments, type AttachOptions, attach, idText, type PuntIdInput } from "../../punt/index.js";
import type { Listening } from "../../sockets/index.js";
import { type Item, ItemSchema, UpdateResult_Operation as Operation } from "../gen/ligato/generic/manager_pb.js";
import type { Interface as VppInterface } from "../gen/ligato/vpp/interfaces/interface_pb.js";
import type { UpdatePuntStateReq } from "../gen/puntmgr/puntmgr_pb.js";
import { pathsIn } from "../paths.js";
import { serveGrpc, serveJson } from "../server.js";
import { Agent } from "./agent.js";
import { Announcer } from "./announcer.js";
import { type LearntPunt, PuntBook, type SavedPunt } from "./book.js";
import type { StoneWorkAddress, StoneWorkItem, StoneWorkModuleEvents } from "./events.js";
import { Models } from "./models.js";
import { type CheckedModuleOptions, checkModuleOptions, type StoneWorkModuleOptions } from "./options.js";
import { moduleRoutes, type ServiceParts } from "./services.js";

const OP = "stonework.module";

interface Saved {
  readonly punts: readonly SavedPunt[];
  /** Each in base64. */
  readonly items: readonly string[];
}

/** The file of what StoneWork has told a module. */
const STATE: StateForm<Saved> = {
  op: OP,
  format: "vpp-punt module of StoneWork",
  shape: lazily(() =>
    zod().object({
      punts: zod().array(zod().object({ state: zod().enum(["INIT", "CREATED"]), metadata: zod().json() })),
      items: zod().array(zod().base64()),
    }),
  ),
  remedy: "remove it to start without punts: StoneWork announces them when it discovers the module",
};

/** A CNF under StoneWork that serves StoneWork's calls. */
export class RunningModule {
  readonly #events: EventEmitter<StoneWorkModuleEvents>;
  readonly #options: CheckedModuleOptions;
  readonly #models: Models;
  readonly #book: PuntBook;
  readonly #file: StateFile<Saved>;
  readonly #items = new Map<string, Item>();
  readonly #serving: Listening[] = [];
  readonly #agent: Agent;
  #announcer: Announcer | undefined;
  #closing: Promise<void> | undefined;

  /** @param events gets what StoneWork tells */
  static async start(
    options: StoneWorkModuleOptions,
    events: EventEmitter<StoneWorkModuleEvents>,
  ): Promise<RunningModule> {
    const module = new RunningModule(checkModuleOptions(options), events);
    try {
      await module.#start();
      return module;
    } catch (error) {
      await module.close();
      throw error;
    }
  }

  private constructor(options: CheckedModuleOptions, events: EventEmitter<StoneWorkModuleEvents>) {
    this.#events = events;
    this.#options = options;
    this.#models = new Models(options.models, options.label);
    this.#book = new PuntBook(pathsIn(options.directory));
    this.#file = new StateFile(options.state, STATE);
    this.#agent = new Agent({
      label: options.label,
      discovered: (address, isAgain) => this.#discovered(address, isAgain),
      connection: (address, isConnected) => this.#connection(address, isConnected),
    });
  }

  get ports(): { readonly grpc: number; readonly http: number } {
    const [grpc, http] = this.#serving;
    return { grpc: grpc?.port ?? 0, http: http?.port ?? 0 };
  }

  get stoneWork(): StoneWorkAddress | undefined {
    return this.#agent.address;
  }

  get isConnected(): boolean {
    return this.#agent.isConnected;
  }

  get punts(): readonly LearntPunt[] {
    return this.#book.punts.map((punt) => this.#withMemif(punt));
  }

  get items(): readonly StoneWorkItem[] {
    return [...this.#items.values()].filter((item) => this.#models.isOwn(item)).map((item) => this.#itemOf(item));
  }

  attach({ cnf, key = "", label = "" }: PuntIdInput, options?: AttachOptions): Attachments {
    const punt = this.#book.get({ cnf, key, label });
    if (punt) return attach(this.#withMemif(punt).metadata, options);
    const known = this.#book.punts.map(({ id }) => idText(id)).join(", ") || "none";
    const text = `StoneWork has not announced the punt ${idText({ cnf, key, label })}; it has announced ${known}`;
    throw new PuntError("stonework.attach", "ERR_NO_SUCH_PUNT", text, { id: { cnf, key, label } });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#announcer?.close();
    await Promise.all(this.#serving.map((serving) => serving.close()));
  }

  async #start(): Promise<void> {
    const { host, grpcPort, httpPort, address, label, directory, pingInterval, logger } = this.#options;
    this.#load(await this.#file.load());
    this.#serving.push(await serveGrpc({ host, port: grpcPort, pingInterval }, OP, moduleRoutes(this.#parts())));
    const pages = { "/scheduler/status": () => ({ body: [] }) };
    this.#serving.push(await serveJson({ host, port: httpPort }, OP, pages));
    const { grpc, http } = this.ports;
    this.#announcer = new Announcer({
      ...{ discovery: pathsIn(directory).discovery, pause: pingInterval, logger },
      announcement: { pid: process.pid, label, address, grpcPort: grpc, httpPort: http },
      isConnected: () => this.isConnected,
    });
    await this.#announcer.start();
    logger.info({ label, address, grpcPort: grpc, httpPort: http }, "the module is announced to StoneWork");
  }

  #parts(): ServiceParts {
    return {
      label: this.#options.label,
      models: this.#models,
      agent: this.#agent,
      updatePunt: (request) => this.#updatePunt(request),
      configure: (item) => this.#configure(item),
      items: () => [...this.#items.values()].filter((item) => this.#models.isOwn(item)),
    };
  }

  #discovered(address: StoneWorkAddress, isAgain: boolean): void {
    if (isAgain) this.#book.renew();
    this.#options.logger.info({ ...address }, "StoneWork has discovered the module");
    guarded(() => void this.#events.emit("discovered", address));
  }

  #connection(address: StoneWorkAddress, isConnected: boolean): void {
    if (this.#closing) return;
    const text = isConnected
      ? "StoneWork is connected again"
      : "StoneWork's connection has ended: its announcements stay";
    this.#options.logger.info({ ...address }, text);
    guarded(() => void this.#events.emit(isConnected ? "connected" : "disconnected", address));
  }

  async #updatePunt(request: UpdatePuntStateReq): Promise<void> {
    const punt = this.#book.update(request);
    if (punt === undefined) return;
    await this.#save();
    this.#options.logger.info({ id: punt.id, state: punt.state }, "StoneWork announces a punt");
    guarded(() => void this.#events.emit("punt", this.#withMemif(punt)));
  }

  async #configure(item: Item): Promise<Operation> {
    const value = this.#models.valueOf(item);
    const key = this.#models.keyOf(item);
    const isKnown = this.#items.has(key);
    if (value === undefined) this.#items.delete(key);
    else this.#items.set(key, item);
    await this.#save();
    if (this.#models.isOwn(item)) guarded(() => void this.#events.emit("item", this.#itemOf(item)));
    if (value === undefined) return Operation.DELETE;
    return isKnown ? Operation.UPDATE : Operation.CREATE;
  }

  #itemOf(item: Item): StoneWorkItem {
    const { model = "", name = "" } = item.id ?? {};
    return { key: this.#models.keyOf(item), model, name, value: this.#models.valueOf(item) };
  }

  /** The item of a memif says its socket and secret; without it they follow from the selector. */
  #withMemif(punt: LearntPunt): LearntPunt {
    const interconnects = punt.metadata.interconnects.map((interconnect) => {
      const item = this.#items.get(`config/vpp/v2/interfaces/${interconnect.cnfInterface?.name}`);
      const { link } = (item && (this.#models.valueOf(item) as VppInterface)) ?? { link: { case: undefined } };
      if (link.case !== "memif" || interconnect.attachment.kind !== "memif") return interconnect;
      const { id, socketFilename: socket, secret } = link.value;
      return { ...interconnect, attachment: { kind: "memif" as const, socket, id, secret } };
    });
    return { ...punt, metadata: { ...punt.metadata, interconnects } };
  }

  #save(): Promise<void> {
    const items = [...this.#items.values()].map((item) => Buffer.from(toBinary(ItemSchema, item)).toString("base64"));
    return this.#file.save({ punts: this.#book.toJSON(), items });
  }

  #load(saved: Saved | undefined): void {
    if (saved === undefined) return;
    try {
      this.#book.load(saved.punts);
      for (const text of saved.items) {
        const item = fromBinary(ItemSchema, Buffer.from(text, "base64"));
        if (this.#models.knows(item)) this.#items.set(this.#models.keyOf(item), item);
      }
    } catch (cause) {
      throw this.#file.damaged("it is not the state of this module", cause);
    }
  }
}
