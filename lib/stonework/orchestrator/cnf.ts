// One CNF: the connection to it, its models, and the calls to it, each with a deadline.
import { create, createFileRegistry, type MessageInitShape } from "@bufbuild/protobuf";
import { type DescriptorProto, type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Http2Sessions } from "../../grpc/index.js";
import type { Logger } from "../../logger.js";
import { hostPort } from "../../net/index.js";
import type { Announcement } from "../announcement.js";
import { dependenciesFromWire, type ItemDependency } from "../dependencies.js";
import { CnfDiscovery } from "../gen/cnfreg/cnfreg_pb.js";
import { type Item, ItemSchema, ManagerService } from "../gen/ligato/generic/manager_pb.js";
import { MetaService, type ProtoFileDescriptorResponse } from "../gen/ligato/generic/meta_pb.js";
import type { ModelDetail } from "../gen/ligato/generic/model_pb.js";
import { PuntManager, type PuntMetadata, type PuntRequest, type PuntState } from "../gen/puntmgr/puntmgr_pb.js";
import { isOfAgent, type Model, modelName } from "../model.js";
import { LONGEST_MESSAGE } from "../server.js";

/** Address and ports of the orchestrator's own services, which a CNF learns by DiscoverCnf. */
export interface OwnPlace {
  readonly address: string;
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** A model of a CNF, and what the CNF answers about its items. */
export interface CnfModel extends Model {
  readonly withPunt: boolean;
  readonly withDeps: boolean;
}

/** Models of one CNF. Each costs a request for its file. */
const MOST_MODELS = 1_000;

/** Punts of one item, and things that it waits for. Each is checked in one go: a message of 4 MiB with nothing else would take half a minute. */
const MOST_OF_ITEM = 1_000;

/** StoneWork's CNFs begin so where they refuse GetPuntRequests for a model that has no punts. */
const WITHOUT_PUNTS = /^punt not requested/;

export class Cnf {
  readonly announcement: Announcement;
  readonly #sessions: Http2Sessions;
  readonly #log: Logger;
  readonly #discovery: Client<typeof CnfDiscovery>;
  readonly #punts: Client<typeof PuntManager>;
  readonly #meta: Client<typeof MetaService>;
  readonly #manager: Client<typeof ManagerService>;
  #models: ReadonlyMap<string, CnfModel> = new Map();
  #known: readonly ModelDetail[] = [];
  readonly #files = new Map<string, ProtoFileDescriptorResponse>();

  /** `deadline`: milliseconds that a call may take. */
  constructor(announcement: Announcement, deadline: number, log: Logger) {
    this.announcement = announcement;
    this.#log = log;
    const baseUrl = `http://${hostPort(announcement.address, announcement.grpcPort)}`;
    this.#sessions = new Http2Sessions(baseUrl);
    const transport = createGrpcTransport({
      ...{ baseUrl, defaultTimeoutMs: deadline, sessionManager: this.#sessions, readMaxBytes: LONGEST_MESSAGE },
    });
    this.#discovery = createClient(CnfDiscovery, transport);
    this.#punts = createClient(PuntManager, transport);
    this.#meta = createClient(MetaService, transport);
    this.#manager = createClient(ManagerService, transport);
  }

  get label(): string {
    return this.announcement.label;
  }

  /** Models of its items, by name. */
  get models(): ReadonlyMap<string, CnfModel> {
    return this.#models;
  }

  get knownModels(): readonly ModelDetail[] {
    return this.#known;
  }

  /** The state of the connection as gRPC numbers it: 0 idle, 1 connecting, 2 ready, 3 failure. */
  get connectionState(): number {
    return { closed: 0, connecting: 1, open: 2, idle: 2, verifying: 2, error: 3 }[this.#sessions.state()];
  }

  /** Returns what ProtoFileDescriptor answers for a file; undefined if no model of the CNF is declared there. */
  file(name: string): ProtoFileDescriptorResponse | undefined {
    return this.#files.get(name);
  }

  /** Greets the CNF and learns its models. @throws ConnectError the CNF does not answer, or not in time */
  async discover({ address, grpcPort, httpPort }: OwnPlace): Promise<void> {
    const greeting = { swIpAddress: address, swGrpcPort: grpcPort, swHttpPort: httpPort };
    const answer = await this.#discovery.discoverCnf(greeting).catch((error: unknown) => {
      if (isAway(error)) throw error;
      // A CNF that an earlier orchestrator has discovered refuses, but answers everything else.
      this.#log.info({ cnf: this.label, err: error }, "the CNF refuses a second discovery: its models say enough");
      return undefined;
    });
    // Its file was judged by its label.
    if (answer?.cnfMsLabel && answer.cnfMsLabel !== this.label)
      throw new Error(`the CNF has the label ${answer.cnfMsLabel}, and ${this.label} in its file`);
    const { knownModels } = await this.#meta.knownModels({ class: "config" });
    if (knownModels.length > MOST_MODELS) throw new Error(`the CNF has more than ${MOST_MODELS} models`);
    this.#known = knownModels;
    const facts = new Map(answer?.configModels.map((model) => [model.protoName, model]));
    const models = new Map<string, CnfModel>();
    for (const detail of knownModels) {
      const { withPunt = true, withDeps = true } = facts.get(detail.protoName) ?? {};
      const model = await this.#model(detail);
      const name = modelName(model.spec);
      // A CNF of StoneWork's is a vpp-agent. Without an answer to DiscoverCnf, each model that is not an agent's may have punts.
      const isItem = answer === undefined ? !isOfAgent(name) : facts.has(detail.protoName);
      if (isItem) models.set(name, { ...model, withPunt, withDeps });
    }
    this.#models = models;
  }

  /** Has these models no more. */
  leaveOut(names: readonly string[]): void {
    const isLeftOut = ({ spec }: ModelDetail) => spec !== undefined && names.includes(modelName(spec));
    this.#known = this.#known.filter((each) => !isLeftOut(each));
    this.#models = new Map([...this.#models].filter(([name]) => !names.includes(name)));
    const files = new Set(this.#known.map((detail) => optionOf(detail, "protoFile")));
    for (const name of this.#files.keys()) if (!files.has(name)) this.#files.delete(name);
  }

  /** @throws ConnectError; Error: the file does not declare the model's message */
  async #model(detail: ModelDetail): Promise<Model> {
    const { spec, protoName } = detail;
    const name = optionOf(detail, "protoFile");
    const file = this.#files.get(name) ?? named(await this.#meta.protoFileDescriptor({ fullProtoFileName: name }));
    this.#files.set(name, file);
    const message = createFileRegistry(create(FileDescriptorSetSchema, { file: filesOf(file) })).getMessage(protoName);
    if (message === undefined || spec === undefined) throw new Error(`${name} does not declare the model ${protoName}`);
    return { message, spec, nameTemplate: optionOf(detail, "nameTemplate") };
  }

  /** @throws ConnectError the CNF does not answer, or refuses the item */
  async puntRequests(item: Item): Promise<readonly PuntRequest[]> {
    try {
      return limited((await this.#discovery.getPuntRequests(item)).puntRequests, "punts");
    } catch (error) {
      if (WITHOUT_PUNTS.test(ConnectError.from(error).rawMessage)) return [];
      throw error;
    }
  }

  /** An error of the CNF means that there are none, as StoneWork has it. @throws ConnectError the CNF does not answer; Error: too many */
  async dependencies(item: Item): Promise<readonly ItemDependency[]> {
    const { dependencies } = await this.#discovery.getItemDependencies(item).catch((error: unknown) => {
      if (isAway(error)) throw error;
      return { dependencies: [] };
    });
    limited(
      dependencies.flatMap(({ dep }) => (dep.case === "anyof" ? dep.value.keyPrefixes : [dep.value])),
      "dependencies",
    );
    return dependenciesFromWire(dependencies);
  }

  /** Announces a punt's state. What the CNF answers changes nothing. @returns whether it answered */
  announce(state: PuntState, metadata: PuntMetadata): Promise<boolean> {
    return this.#ignoring("UpdatePuntState", () => this.#punts.updatePuntState({ state, metadata }));
  }

  /** Sends items; those without data are deleted. `refused` gets the text of a refusal. @returns whether the CNF answered */
  async configure(
    items: readonly MessageInitShape<typeof ItemSchema>[],
    refused?: (text: string) => void,
  ): Promise<boolean> {
    const known = new Set(this.#known.map(({ spec }) => spec && modelName(spec)));
    const updates = items.filter(({ id }) => known.has(id?.model)).map((item) => ({ item: create(ItemSchema, item) }));
    return updates.length === 0 || this.#ignoring("SetConfig", () => this.#manager.setConfig({ updates }), refused);
  }

  /** Asks the CNF for its models again. A connection without an answer ends: the next call makes another. @throws ConnectError */
  async ask(): Promise<void> {
    try {
      await this.#meta.knownModels({ class: "config" });
    } catch (error) {
      if (!isAway(error)) return;
      this.#sessions.abort(new ConnectError("the CNF does not answer", Code.Unavailable));
      throw error;
    }
  }

  close(): void {
    this.#sessions.abort();
  }

  async #ignoring(
    call: string,
    body: () => Promise<unknown>,
    refused: (text: string) => void = () => {},
  ): Promise<boolean> {
    try {
      await body();
      return true;
    } catch (error) {
      this.#log.warn({ cnf: this.label, call, err: error }, `the CNF does not take ${call}`);
      if (isAway(error)) return false;
      refused(`${this.label} refuses the item: ${ConnectError.from(error).rawMessage}`);
      return true;
    }
  }
}

/** @throws Error the list is too long */
function limited<T>(list: readonly T[], what: string): readonly T[] {
  if (list.length <= MOST_OF_ITEM) return list;
  throw new Error(`the CNF has more than ${MOST_OF_ITEM} ${what} for one item`);
}

function optionOf({ options }: ModelDetail, key: string): string {
  return options.find((each) => each.key === key)?.values[0] ?? "";
}

/** Fills in the JSON names of fields, which a descriptor that no compiler wrote may lack. */
function named(file: ProtoFileDescriptorResponse): ProtoFileDescriptorResponse {
  for (const { messageType } of filesOf(file)) for (const message of messageType) nameFields(message);
  return file;
}

function nameFields({ field, nestedType }: DescriptorProto): void {
  for (const each of field) {
    each.jsonName ||= each.name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase());
  }
  for (const nested of nestedType) nameFields(nested);
}

/** Returns each file once, after the files that it imports. A vpp-agent sends them the other way round, and some of them several times. */
function filesOf({ fileDescriptor, fileImportDescriptors }: ProtoFileDescriptorResponse): FileDescriptorProto[] {
  const all = [...(fileImportDescriptors?.file ?? []), ...(fileDescriptor ? [fileDescriptor] : [])];
  const unplaced = new Map(all.map((file) => [file.name, file]));
  const placed: FileDescriptorProto[] = [];
  const place = (name: string) => {
    const file = unplaced.get(name);
    if (file === undefined) return;
    unplaced.delete(name);
    for (const imported of file.dependency) place(imported);
    placed.push(file);
  };
  for (const { name } of all) place(name);
  return placed;
}

/**
 * Whether a call failed because the CNF is not there or does not answer, in gRPC's numbers: 4 deadline, 14 unavailable, 1 canceled. A
 * connection that ends during a call has other numbers too, but a cause: an error of Node.js.
 */
function isAway(error: unknown): boolean {
  const { code, cause } = ConnectError.from(error);
  return [1, 4, 14].includes(code) || cause instanceof Error;
}
