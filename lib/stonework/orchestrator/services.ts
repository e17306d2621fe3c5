// The orchestrator's own services, by which agentctl and others configure the CNFs.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import {
  type GetConfigRequest,
  type Item,
  Item_IDSchema,
  ManagerService,
  UpdateResult_Operation as Operation,
  type SetConfigRequest,
  type UpdateResultSchema,
} from "../gen/ligato/generic/manager_pb.js";
import {
  type KnownModelsRequest,
  MetaService,
  type ProtoFileDescriptorRequest,
} from "../gen/ligato/generic/meta_pb.js";
import type { ModelDetail } from "../gen/ligato/generic/model_pb.js";
import { hasPlainNames, isOfAgent, itemKey, itemName, modelName, unpackItem } from "../model.js";
import { connectionKey } from "../server.js";
import { connectionEnds, type StoneWorkAccess, type StoneWorkRights } from "./access.js";
import type { Cnf, CnfModel } from "./cnf.js";
import type { ItemSituation } from "./surroundings.js";

/** The orchestrator, as the services see it. */
export interface ServiceParts {
  readonly access: StoneWorkAccess;
  cnfs(): readonly Cnf[];
  /** All items, each with what became of it. */
  items(): readonly { readonly key: string; readonly item: Item; readonly situation: ItemSituation }[];
  /** Sets an item, or deletes it if it has no data. Resolves after its first steps, or at the deadline. */
  set(key: string, item: Item): Promise<ItemSituation>;
}

export function orchestratorRoutes(parts: ServiceParts): (router: ConnectRouter) => void {
  const judged =
    <I, O>(answer: (request: I, rights: StoneWorkRights) => O | Promise<O>) =>
    (request: I, { method, values }: HandlerContext): Promise<O> =>
      parts.access.call({ name: method.name, ends: connectionEnds(values.get(connectionKey)) }, (rights) =>
        answer(request, rights),
      );
  return (router) => {
    router.service(ManagerService, {
      setConfig: judged((request: SetConfigRequest, rights) => setConfig(request, parts, rights)),
      getConfig: judged((request: GetConfigRequest, rights) => getConfig(request, parts, rights)),
    });
    router.service(MetaService, {
      knownModels: judged(({ class: wanted }: KnownModelsRequest, rights) => ({
        knownModels: modelsOf(visibleCnfs(parts, rights)).filter(({ spec }) => wanted === "" || spec?.class === wanted),
      })),
      protoFileDescriptor: judged(({ fullProtoFileName: name }: ProtoFileDescriptorRequest, rights) => {
        const file = visibleCnfs(parts, rights)
          .map((cnf) => cnf.file(name))
          .find((found) => found !== undefined);
        if (file) return file;
        throw new ConnectError(`no model of a CNF is declared in ${name}`, Code.NotFound);
      }),
    });
  };
}

function visibleCnfs({ cnfs }: ServiceParts, rights: StoneWorkRights): Cnf[] {
  return cnfs().filter(({ label }) => rights.sees(label));
}

/** Returns each model once. CNFs share those of an agent, and agentctl refuses a model that comes twice. */
function modelsOf(cnfs: readonly Cnf[]): ModelDetail[] {
  const models = cnfs.flatMap(({ knownModels }) => knownModels);
  return [...new Map(models.map((model) => [model.protoName, model])).values()];
}

function getConfig({ ids, labels }: GetConfigRequest, parts: ServiceParts, rights: StoneWorkRights) {
  // An item without labels fits "!" and a label, as swctl asks, and no other.
  const label = Object.keys(labels).find((each) => !each.startsWith("!"));
  if (label !== undefined)
    throw new ConnectError(`labels of items are not kept: none is found by ${label}`, Code.Unimplemented);
  const items = visibleItems(parts, rights)
    .filter(({ item }) => ids.length === 0 || ids.some(({ model, name }) => isOf(item, model, name)))
    .map(({ item, situation: { state, message } }) => ({ item, status: { status: state, message } }));
  return { items };
}

function visibleItems(parts: ServiceParts, rights: StoneWorkRights) {
  return parts.items().filter(({ item }) => rights.sees(ownerOf(item, parts)?.label ?? ""));
}

/** Returns the CNF whose model an item is of. */
function ownerOf({ id }: Item, { cnfs }: ServiceParts): Cnf | undefined {
  return cnfs().find(({ models }) => models.has(id?.model ?? ""));
}

/** Whether an item is of the model and, unless that is empty, of the name. */
function isOf({ id }: Item, model: string, name: string): boolean {
  return id?.model === model && (name === "" || id.name === name);
}

async function setConfig({ updates, overwriteAll }: SetConfigRequest, parts: ServiceParts, rights: StoneWorkRights) {
  // All are known and allowed before one is set.
  const wanted = new Map(updates.map(({ item }) => keyed(item, parts, rights)));
  const gone = overwriteAll ? visibleItems(parts, rights).filter(({ key }) => !wanted.has(key)) : [];
  for (const { key, item } of gone) if (item.id) wanted.set(key, { $typeName: "ligato.generic.Item", id: item.id });
  for (const item of wanted.values()) rights.requireChange(ownerOf(item, parts)?.label ?? "");
  rights.changes([...wanted.keys()]);
  const known = new Set(parts.items().map(({ key }) => key));
  const results = await Promise.all([...wanted].map(([key, item]) => setItem(key, item, known.has(key), parts)));
  return { results };
}

async function setItem(
  key: string,
  item: Item,
  isKnown: boolean,
  parts: ServiceParts,
): Promise<MessageInitShape<typeof UpdateResultSchema>> {
  const { state, message } = await parts.set(key, item);
  const op = item.data === undefined ? Operation.DELETE : isKnown ? Operation.UPDATE : Operation.CREATE;
  return { ...(item.id && { id: item.id }), key, op, status: { status: state, message } };
}

/**
 * Returns an item with its key, which follows from its value, as with StoneWork: the CNF looks for its punts by it.
 *
 * @throws ConnectError there is no item, its model is not a CNF's, or its data is not a message of its model
 */
function keyed(item: Item | undefined, parts: ServiceParts, rights: StoneWorkRights): [key: string, item: Item] {
  if (item === undefined) throw new ConnectError("an update has no item", Code.InvalidArgument);
  const model = ownerOf(item, parts)?.models.get(item.id?.model ?? "") ?? absent(item.id?.model ?? "", parts, rights);
  if (item.data === undefined) return [itemKey(model, item.id?.name ?? ""), item];
  const value = unpackItem(model, item);
  if (value === undefined)
    throw new ConnectError(`the data is not a message ${model.message.typeName}`, Code.InvalidArgument);
  const name = hasPlainNames(model) ? itemName(model, value) : (item.id?.name ?? "");
  return [itemKey(model, name), { ...item, id: create(Item_IDSchema, { model: modelName(model.spec), name }) }];
}

/** @throws ConnectError */
function absent(name: string, parts: ServiceParts, rights: StoneWorkRights): never {
  if (isOfAgent(name)) {
    const text = `${name} configures VPP or Linux: this orchestrator manages punts, and is not a vpp-agent`;
    throw new ConnectError(text, Code.Unimplemented);
  }
  const models = visibleCnfs(parts, rights).flatMap((cnf): CnfModel[] => [...cnf.models.values()]);
  const known = models.map(({ spec }) => modelName(spec)).join(", ") || "none";
  throw new ConnectError(`no CNF has the model "${name}"; the models of CNFs are ${known}`, Code.NotFound);
}
