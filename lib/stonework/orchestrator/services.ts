// The orchestrator's own services, by which agentctl and others configure the CNFs.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import {
  type GetConfigRequest,
  type Item,
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
import { itemKey, modelName } from "../model.js";
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
      getConfig: judged(({ ids }: GetConfigRequest, rights) => ({
        items: visibleItems(parts, rights)
          .filter(({ item }) => ids.length === 0 || ids.some(({ model, name }) => isOf(item, model, name)))
          .map(({ item, situation: { state, message } }) => ({ item, status: { status: state, message } })),
      })),
    });
    router.service(MetaService, {
      knownModels: judged(({ class: wanted }: KnownModelsRequest, rights) => ({
        knownModels: visibleCnfs(parts, rights)
          .flatMap(({ knownModels }) => knownModels)
          .filter(({ spec }) => wanted === "" || spec?.class === wanted),
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
  const items = updates.flatMap(({ item }) => (item ? [item] : []));
  // All are known and allowed before one is set.
  const wanted = new Map(items.map((item) => [keyOf(item, parts, rights), item]));
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

/** @throws ConnectError the item's model is not a CNF's */
function keyOf(item: Item, parts: ServiceParts, rights: StoneWorkRights): string {
  const name = item.id?.model ?? "";
  const model = ownerOf(item, parts)?.models.get(name);
  if (model) return itemKey(model, item.id?.name ?? "");
  if (/^(vpp|linux|netalloc)\b/.test(name)) {
    const text = `${name} configures VPP or Linux: this orchestrator manages punts, and is not a vpp-agent`;
    throw new ConnectError(text, Code.Unimplemented);
  }
  const models = visibleCnfs(parts, rights).flatMap((cnf): CnfModel[] => [...cnf.models.values()]);
  const known = models.map(({ spec }) => modelName(spec)).join(", ") || "none";
  throw new ConnectError(`no CNF has the model "${name}"; the models of CNFs are ${known}`, Code.NotFound);
}
