// The models of configuration whose items a module takes, and what each item of them needs.
import { type DescMessage, isMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { type PuntRequestInput, parseRequest } from "../../punt/index.js";
import { dependencyToWire, type ItemDependency } from "../dependencies.js";
import type { ConfigItemDependency } from "../gen/cnfreg/cnfreg_pb.js";
import type { Item } from "../gen/ligato/generic/manager_pb.js";
import { InterfaceSchema as LinuxInterfaceSchema } from "../gen/ligato/linux/interfaces/interface_pb.js";
import { InterfaceSchema as VppInterfaceSchema } from "../gen/ligato/vpp/interfaces/interface_pb.js";
import { type PuntRequest, PuntRequestSchema } from "../gen/puntmgr/puntmgr_pb.js";
import { type Punt, PuntSchema } from "../gen/vpppunt/punt_pb.js";
import { itemKey, type Model, modelName, modelOf, unpackItem } from "../model.js";
import { requestToWire } from "../request.js";

type WithoutIdentity<R> = R extends unknown ? Omit<R, "cnf" | "key"> : never;

/** A punt of an item: a request of this package without `cnf` and `key`, or a message puntmgr.PuntRequest. */
export type ItemPunt = WithoutIdentity<PuntRequestInput> | Message<"puntmgr.PuntRequest">;

/** A model of configuration: its message, and what its items need. */
export interface StoneWorkModel<Desc extends DescMessage = DescMessage> {
  /** A message with the options 50222 and 50223 of ligato/generic/options.proto. */
  readonly message: Desc;
  /** Returns the punts that an item needs. StoneWork asks often, also for items that it never creates: quick and without effects. */
  punts?(value: MessageShape<Desc>): readonly ItemPunt[];
  /** Returns what an item waits for besides what its punts wait for. */
  dependencies?(value: MessageShape<Desc>): readonly ItemDependency[];
}

/** The model of a program without a configuration of its own: an item is one punt. */
export const PUNT_MODEL: StoneWorkModel<typeof PuntSchema> = {
  message: PuntSchema,
  punts: ({ name, request }: Punt) => (request === undefined ? [] : [{ ...request, label: request.label || name }]),
  dependencies: ({ waitForInterfaces }: Punt) => waitForInterfaces.map((name) => ({ kind: "interface", name })),
};

interface Known {
  readonly handler: StoneWorkModel;
  readonly model: Model;
}

/** The models of one module. */
export class Models {
  readonly #known = new Map<string, Known>();
  readonly #ends: readonly Model[] = [modelOf(LinuxInterfaceSchema), modelOf(VppInterfaceSchema)];
  readonly #label: string;

  /** @throws PuntError ERR_OPTION: a message is not a model, or two models share a name */
  constructor(handlers: readonly StoneWorkModel[], label: string) {
    this.#label = label;
    for (const handler of handlers) {
      const model = modelOf(handler.message);
      const name = modelName(model.spec);
      if (this.#known.has(name)) {
        const text = `option models has two models of the name ${name}`;
        throw new PuntError("stonework.module", "ERR_OPTION", text, { option: "models" });
      }
      this.#known.set(name, { handler, model });
    }
  }

  /** The module's own models. */
  get own(): readonly Known[] {
    return [...this.#known.values()];
  }

  /** All that StoneWork must know: the own ones, and those of the ends of TAPs and memifs. */
  get all(): readonly Model[] {
    return [...this.own.map(({ model }) => model), ...this.#ends];
  }

  /** Whether there is a model of the item's name. */
  knows({ id }: Item): boolean {
    return this.all.some(({ spec }) => modelName(spec) === id?.model);
  }

  /** Whether items of this model are the module's own; false for the ends of interconnects. @throws PuntError ERR_NO_SUCH_MODEL */
  isOwn(item: Item): boolean {
    return this.#known.has(this.#modelOf(item));
  }

  /** @throws PuntError ERR_NO_SUCH_MODEL */
  keyOf(item: Item): string {
    const name = this.#modelOf(item);
    const model = this.all.find(({ spec }) => modelName(spec) === name)!;
    return itemKey(model, item.id?.name ?? "");
  }

  #modelOf(item: Item): string {
    const name = item.id?.model ?? "";
    if (this.knows(item)) return name;
    const known = this.all.map(({ spec }) => modelName(spec)).join(", ");
    const text = `${this.#label} has no model "${name}"; its models are ${known}`;
    throw new PuntError("stonework.module", "ERR_NO_SUCH_MODEL", text, { model: name });
  }

  /** Returns an item's value; undefined if the item has none, which deletes it. @throws PuntError ERR_NO_SUCH_MODEL, ERR_FORMAT */
  valueOf(item: Item): Message | undefined {
    const name = this.#modelOf(item);
    const any = item.data?.union.value;
    if (any === undefined) return undefined;
    const model = this.all.find(({ spec }) => modelName(spec) === name)!;
    const value = unpackItem(model, item);
    if (value !== undefined) return value;
    const { message } = model;
    const text = `the item ${item.id?.name} of ${name} holds ${any.typeUrl}, which is not a ${message.typeName}`;
    throw new PuntError("stonework.module", "ERR_FORMAT", text, { model: name, typeUrl: any.typeUrl });
  }

  /** Returns the punts of an item in StoneWork's form. @throws PuntError ERR_NO_SUCH_MODEL, ERR_FORMAT, ERR_INVALID_REQUEST */
  puntsOf(item: Item): PuntRequest[] {
    const value = this.valueOf(item);
    const handler = this.#known.get(item.id?.model ?? "")?.handler;
    if (value === undefined || handler?.punts === undefined) return [];
    const identity = { cnf: this.#label, key: this.keyOf(item) };
    return handler.punts(value as never).map((punt) => {
      if (isMessage(punt as Message, PuntRequestSchema)) return punt as PuntRequest;
      return requestToWire(parseRequest({ ...(punt as object), ...identity }, "punt", "stonework.module"));
    });
  }

  /** @throws PuntError ERR_NO_SUCH_MODEL, ERR_FORMAT */
  dependenciesOf(item: Item): ConfigItemDependency[] {
    const value = this.valueOf(item);
    const handler = this.#known.get(item.id?.model ?? "")?.handler;
    if (value === undefined || handler?.dependencies === undefined) return [];
    return handler.dependencies(value as never).map(dependencyToWire);
  }
}
