// The four services of a module: discovery, punt states, models, and configuration.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { PuntError } from "../../errors.js";
import { CnfDiscovery, type DiscoverCnfReq } from "../gen/cnfreg/cnfreg_pb.js";
import {
  type Item,
  ManagerService,
  UpdateResult_Operation as Operation,
  type SetConfigRequest,
  type UpdateResult,
  UpdateResultSchema,
} from "../gen/ligato/generic/manager_pb.js";
import { MetaService } from "../gen/ligato/generic/meta_pb.js";
import { PuntManager, type UpdatePuntStateReq } from "../gen/puntmgr/puntmgr_pb.js";
import { detailOf, fileDescriptor } from "../model.js";
import { connectionKey } from "../server.js";
import type { Agent } from "./agent.js";
import type { Models } from "./models.js";

/** The module, as the services see it. */
export interface ServiceParts {
  readonly label: string;
  readonly models: Models;
  readonly agent: Agent;
  updatePunt(request: UpdatePuntStateReq): Promise<void>;
  /** Takes an item; one without data deletes it. Returns its key and what became of it. */
  configure(item: Item): Promise<Operation>;
  /** Items of the module's own models. */
  items(): readonly Item[];
}

export function moduleRoutes(parts: ServiceParts): (router: ConnectRouter) => void {
  const { models, agent } = parts;
  /** A call that only StoneWork's agent makes. */
  const agents = <I, O>(handle: (request: I) => O | Promise<O>) =>
    told((request: I, { values }: HandlerContext) => {
      agent.calls(values.get(connectionKey));
      return handle(request);
    });
  return (router) => {
    router.service(CnfDiscovery, {
      discoverCnf: told(async (request: DiscoverCnfReq, { values }: HandlerContext) => {
        await agent.discovered(request, values.get(connectionKey));
        return { cnfMsLabel: parts.label, configModels: models.own.map(configModel) };
      }),
      getPuntRequests: agents((item: Item) => ({ puntRequests: models.puntsOf(item) })),
      getItemDependencies: agents((item: Item) => ({ dependencies: models.dependenciesOf(item) })),
    });
    router.service(PuntManager, {
      updatePuntState: agents(async (request: UpdatePuntStateReq) => {
        await parts.updatePunt(request);
        return {};
      }),
    });
    router.service(MetaService, {
      knownModels: ({ class: wanted }) => ({
        knownModels: models.all.filter(({ spec }) => wanted === "" || spec.class === wanted).map(detailOf),
        activeModules: [...new Set(models.all.map(({ spec }) => spec.module))],
      }),
      protoFileDescriptor: ({ fullProtoFileName: name }) => fileDescriptor(models.all, name) ?? absent(name),
    });
    router.service(ManagerService, {
      setConfig: agents((request: SetConfigRequest) => setConfig(request, parts)),
      getConfig: () => ({ items: parts.items().map((item) => ({ item })) }),
      dumpState: () => ({ items: parts.items().map((item) => ({ item })) }),
    });
  };
}

function configModel({ handler, model }: Models["own"][number]) {
  return {
    protoName: model.message.typeName,
    withPunt: handler.punts !== undefined,
    withDeps: handler.dependencies !== undefined,
  };
}

function absent(name: string): never {
  throw new ConnectError(`no model of this module is declared in ${name}`, Code.NotFound);
}

async function setConfig({ updates, overwriteAll }: SetConfigRequest, parts: ServiceParts) {
  const items = updates.flatMap(({ item }) => (item ? [item] : []));
  const kept = new Set(items.map((item) => parts.models.keyOf(item)));
  const gone = overwriteAll ? parts.items().filter((item) => !kept.has(parts.models.keyOf(item))) : [];
  const results: UpdateResult[] = [];
  for (const { id } of gone) if (id) await parts.configure({ $typeName: "ligato.generic.Item", id });
  for (const item of items) {
    const op = await parts.configure(item);
    const key = parts.models.keyOf(item);
    const status = op === Operation.DELETE ? "REMOVED" : "CONFIGURED";
    results.push(create(UpdateResultSchema, { ...(item.id && { id: item.id }), key, op, status: { status } }));
  }
  return { results };
}

/** Errors of this package leave as statuses of gRPC. */
function told<A extends unknown[], R>(handle: (...parameters: A) => R | Promise<R>): (...parameters: A) => Promise<R> {
  return async (...parameters) => {
    try {
      return await handle(...parameters);
    } catch (error) {
      throw error instanceof PuntError ? new ConnectError(error.message, statusOf(error.code)) : error;
    }
  };
}

const STATUSES: Readonly<Record<string, Code>> = {
  ERR_PUNT_EXISTS: Code.AlreadyExists,
  ERR_DISCOVERED: Code.AlreadyExists,
  ERR_NO_SUCH_PUNT: Code.FailedPrecondition,
  ERR_NO_SUCH_MODEL: Code.NotFound,
};

function statusOf(code: string): Code {
  return STATUSES[code] ?? Code.InvalidArgument;
}
