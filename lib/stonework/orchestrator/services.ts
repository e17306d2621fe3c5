// The orchestrator's own services, by which agentctl and others configure the CNFs.
import type { ServerHttp2Session } from "node:http2";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import {
  type Item,
  ManagerService,
  UpdateResult_Operation as Operation,
  type SetConfigRequest,
  type UpdateResultSchema,
} from "../gen/ligato/generic/manager_pb.js";
import { MetaService } from "../gen/ligato/generic/meta_pb.js";
import { itemKey, modelName } from "../model.js";
import { connectionKey } from "../server.js";
import type { Cnf, CnfModel } from "./cnf.js";
import type { ItemSituation } from "./item.js";

/** What the services need of the orchestrator. */
export interface ServiceParts {
  readonly deadline: number;
  /** Called before items are set. */
  onSet(change: { readonly from: string; readonly keys: readonly string[] }): void;
  cnfs(): readonly Cnf[];
  /** All items, each with what became of it. */
  items(): readonly { readonly key: string; readonly item: Item; readonly situation: ItemSituation }[];
  /** Sets an item, or deletes it if it has no data. Resolves after its first steps, or at the deadline. */
  set(key: string, item: Item): Promise<ItemSituation>;
}

export function orchestratorRoutes(parts: ServiceParts): (router: ConnectRouter) => void {
  return (router) => {
    router.service(ManagerService, {
      setConfig: (request, { values }) => setConfig(request, parts, addressOf(values.get(connectionKey))),
      getConfig: ({ ids }) => ({
        items: parts
          .items()
          .filter(({ item }) => ids.length === 0 || ids.some(({ model, name }) => isOf(item, model, name)))
          .map(({ item, situation: { state, message } }) => ({ item, status: { status: state, message } })),
      }),
    });
    router.service(MetaService, {
      knownModels: ({ class: wanted }) => ({
        knownModels: parts
          .cnfs()
          .flatMap(({ knownModels }) => knownModels)
          .filter(({ spec }) => wanted === "" || spec?.class === wanted),
      }),
      protoFileDescriptor: ({ fullProtoFileName: name }) => {
        const file = parts
          .cnfs()
          .map((cnf) => cnf.file(name))
          .find((found) => found !== undefined);
        if (file) return file;
        throw new ConnectError(`no model of a CNF is declared in ${name}`, Code.NotFound);
      },
    });
  };
}

/** Whether an item is of the model and, unless that is empty, of the name. */
function isOf({ id }: Item, model: string, name: string): boolean {
  return id?.model === model && (name === "" || id.name === name);
}

function addressOf(connection: ServerHttp2Session | undefined): string {
  return connection?.socket?.remoteAddress ?? "an unknown address";
}

async function setConfig({ updates, overwriteAll }: SetConfigRequest, parts: ServiceParts, from: string) {
  const items = updates.flatMap(({ item }) => (item ? [item] : []));
  // All are known before one is set.
  const wanted = new Map(items.map((item) => [keyOf(item, parts), item]));
  const gone = overwriteAll ? parts.items().filter(({ key }) => !wanted.has(key)) : [];
  for (const { key, item } of gone) if (item.id) wanted.set(key, { $typeName: "ligato.generic.Item", id: item.id });
  parts.onSet({ from, keys: [...wanted.keys()] });
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
function keyOf(item: Item, parts: ServiceParts): string {
  const name = item.id?.model ?? "";
  const models = parts.cnfs().flatMap((cnf): CnfModel[] => [...cnf.models.values()]);
  const model = models.find(({ spec }) => modelName(spec) === name);
  if (model) return itemKey(model, item.id?.name ?? "");
  if (/^(vpp|linux|netalloc)\b/.test(name)) {
    const text = `${name} configures VPP or Linux: this orchestrator manages punts, and is not a vpp-agent`;
    throw new ConnectError(text, Code.Unimplemented);
  }
  const known = models.map(({ spec }) => modelName(spec)).join(", ") || "none";
  throw new ConnectError(`no CNF has the model "${name}"; the models of CNFs are ${known}`, Code.NotFound);
}
