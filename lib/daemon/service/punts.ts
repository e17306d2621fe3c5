// vpp_punt.v1.Punts: the calls, each a check of the policy and a call of the manager.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { InOrder } from "../../call-order.js";
import type { VppCounters } from "../../counters/index.js";
import { PuntError } from "../../errors.js";
import {
  type ApplyResult,
  type DryRun,
  idKey,
  idOf,
  idText,
  type PuntId,
  type PuntRequest,
  type PuntStatus,
  type Punts,
} from "../../punt/index.js";
import {
  countersToWire,
  detailsToWire,
  type PlanResponseSchema,
  type Punts as PuntsService,
  stateToWire,
  statusToWire,
} from "../../wire/index.js";
import { callerText } from "../identity.js";
import { attach } from "./attach.js";
import { bound } from "./bound.js";
import { dump } from "./dump.js";
import { explain } from "./explain.js";
import { explainFrames } from "./explain-frames.js";
import { type RequestGate, waitOf } from "./requests.js";
import { type Parts, type Scope, streaming, unary, withoutEtcd } from "./scope.js";
import { type SeenPunt, seenIn } from "./snapshots.js";
import { session, watch, watchInterfaces } from "./streams.js";
import type { View } from "./view.js";

type Service = ServiceImpl<typeof PuntsService>;

/** Returns the service over the manager. */
export function puntService(parts: Parts, gate: RequestGate): Service {
  return {
    ...changes(parts, gate),
    ...looks(parts, gate),
    attach: unary(parts, "punt.attach", (request, scope) => attach(parts, request, scope)),
    watch: streaming(parts, "punt.watch", (request, scope, context) => watch(parts, request, scope, context)),
    session: streaming(parts, "punt.session", (request, scope, context) => session(parts, request, scope, context)),
    explain: unary(parts, "punt.explain", (request, scope, signal) => explain(parts, request, scope, signal)),
    explainFrames: unary(parts, "punt.explain", (request, scope, signal) =>
      explainFrames(parts, request, scope, signal),
    ),
    dump: streaming(parts, "punt.dump", (request, scope, context) => dump(parts, request, scope, context), {
      recordsItself: true,
    }),
    watchInterfaces: streaming(parts, "punt.interfaces", (_request, scope, context) =>
      watchInterfaces(parts, scope, context),
    ),
  };
}

type Changes = Pick<Service, "add" | "apply" | "update" | "delete">;

function changes(parts: Parts, gate: RequestGate): Changes {
  const { sessions } = parts;
  const none = () => false;
  return {
    add: unary(parts, "punt.add", async (call, scope) => {
      const request = gate.read(call.request, scope);
      const wait = waitOf(call.wait, scope.op);
      const status = await scope.ordered([call.request!.cnf], (inOrder) =>
        gate.pass([request], scope, none, () =>
          bound(parts, scope, [request], call.session, () => inOrder(() => scope.target.add(request, wait))),
        ),
      );
      return { status: out(status, scope) };
    }),
    update: unary(parts, "punt.update", async (call, scope) => {
      const request = gate.read(call.request, scope);
      const wait = waitOf(call.wait, scope.op);
      scope.punts = [idOf(request)];
      const status = await scope.ordered([call.request!.cnf], async (inOrder) => {
        await scope.requireNotHidden(idOf(request));
        const ask = () => inOrder(() => scope.target.update(request, wait));
        return gate.pass([request], scope, none, () =>
          call.session === "" ? ask() : bound(parts, scope, [request], call.session, ask),
        );
      });
      return { status: out(status, scope) };
    }),
    apply: unary(parts, "punt.apply", (call, scope) => {
      const cnfs = [...call.requests, ...call.delete].map(({ cnf }) => cnf || call.cnf);
      return scope.ordered([call.cnf, ...cnfs], (inOrder) => apply(parts, gate, call, scope, inOrder));
    }),
    delete: unary(parts, "punt.delete", async (call, scope) => {
      const id = scope.id(call.id);
      scope.punts = [id];
      await scope.ordered([call.id!.cnf], async (inOrder) => {
        await scope.requireNotHidden(id);
        scope.rule = scope.view.rights.requireChange(id.cnf, scope.op).name;
        const remove = () => inOrder(() => scope.target.delete(id));
        await (scope.host === undefined ? sessions.deleting(id, remove) : remove());
      });
      return {};
    }),
  };
}

type ApplyCall = Parameters<Changes["apply"]>[0];

async function apply(parts: Parts, gate: RequestGate, call: ApplyCall, scope: Scope, inOrder: InOrder) {
  const { view, op } = scope;
  const { keep } = call;
  const cnf = call.cnf === "" ? undefined : view.label(call.cnf);
  const requests = await readSet(gate, call, scope);
  const named = call.delete.map((id) => scope.id(id));
  scope.punts = [...requests.map(idOf), ...named];
  for (const id of named) await scope.requireNotHidden(id);
  const changed = new Set(named.map((id) => id.cnf));
  if (cnf !== undefined && (!keep || requests.length === 0)) changed.add(cnf);
  for (const each of changed) scope.rule = view.rights.requireChange(each, op).name;
  const wait = waitOf(call.wait, op);
  const leaving = new Set(named.map(idKey));
  const isReplaced = (id: PuntId) => (id.cnf === cnf && !keep) || leaving.has(idKey(id));
  const set = { ...(cnf !== undefined && { cnf }), punts: requests, delete: named };
  const { moment } = parts.sessions;
  const result = await gate.pass(requests, scope, isReplaced, () =>
    bound(parts, scope, requests, call.session, () => inOrder(() => scope.target.apply(set, { keep, ...wait }))),
  );
  scope.punts = [...scope.punts, ...result.deleted.filter((id) => !leaving.has(idKey(id)))];
  if (scope.host === undefined) for (const id of result.deleted) parts.sessions.unbind(id, moment);
  return applied(result, view);
}

/** @throws PuntError ERR_INVALID_REQUEST */
async function readSet(gate: RequestGate, call: ApplyCall, scope: Scope): Promise<PuntRequest[]> {
  const { view, op } = scope;
  const wires = call.requests.map((wire) => ({ ...wire, cnf: wire.cnf || call.cnf }));
  const requests = await gate.readAll(wires, scope, "requests");
  const foreign = call.cnf !== "" && requests.find((request) => request.cnf !== view.label(call.cnf));
  if (!foreign) return requests;
  const message = `requests: punt ${idText(view.idOut(idOf(foreign)))} is not of CNF ${call.cnf}`;
  throw new PuntError(op, "ERR_INVALID_REQUEST", message);
}

function applied(result: ApplyResult, view: View) {
  const statuses = (list: readonly PuntStatus[]) => list.map((status) => statusToWire(view.status(status)));
  return {
    added: statuses(result.added),
    updated: statuses(result.updated),
    unchanged: statuses(result.unchanged),
    deleted: result.deleted.map((id) => view.idOut(id)),
    failed: result.failed.map(({ id, error }) => {
      const { code, message, details } = view.error(error);
      return { id: view.idOut(id), code, message, details: detailsToWire(details) };
    }),
  };
}

function out(status: PuntStatus, { view }: Scope) {
  return statusToWire(view.status(status));
}

/** Returns VPP's counters of the punts that the caller may see. */
async function counters(parts: Parts, cnf: string, { view, elsewhere }: Scope) {
  const label = cnf === "" ? undefined : view.label(cnf);
  const own = async () => {
    const { punts: all } = await parts.snapshots.now();
    return parts.counters.read(all.filter(({ id }) => (label === undefined || id.cnf === label) && view.sees(id)));
  };
  const { time, punts, sockets } = elsewhere ? ((await elsewhere.counters(label)) as VppCounters) : await own();
  const seen = punts.filter(({ id }) => view.sees(id));
  const shown = seen.map(({ id, interconnects }) => ({ id: view.idOut(id), interconnects }));
  return countersToWire({ time, punts: shown, sockets: view.rights.isOperator ? sockets : {} });
}

/** @throws PuntError ERR_NO_SUCH_HOST, with the hosts that there are */
async function requireKnown({ hosts }: Parts, host: string, { op, view }: Scope): Promise<void> {
  if (await hosts!.has(host)) return;
  const names = (await hosts!.all()).map((each) => each.host).filter((name) => view.rights.reaches(name));
  const known = names.length === 0 ? "it has no hosts" : `it has ${names.join(", ")}`;
  throw new PuntError(op, "ERR_NO_SUCH_HOST", `etcd has nothing of host ${host}; ${known}`, { host, hosts: names });
}

interface Listed {
  readonly revision: string;
  readonly seen: readonly SeenPunt[];
}

async function listHere({ snapshots }: Parts, cnf: string | undefined, view: View): Promise<Listed> {
  const now = await snapshots.now();
  return { revision: now.revision, seen: now.seenBy(view, cnf) };
}

async function listThere(parts: Parts, cnf: string | undefined, scope: Scope): Promise<Listed> {
  const all = await scope.target.list(cnf === undefined ? {} : { cnf });
  if (all.length === 0) await requireKnown(parts, scope.host!, scope);
  return { revision: await revisionOf(scope.target), seen: seenIn(all, scope.view) };
}

type Looks = Pick<Service, "get" | "list" | "plan" | "counters" | "hosts" | "info">;

function looks(parts: Parts, gate: RequestGate): Looks {
  return {
    get: unary(parts, "punt.get", async (call, scope) => {
      const id = scope.id(call.id);
      scope.punts = [id];
      return { status: out(await scope.requireVisible(id), scope) };
    }),
    list: unary(parts, "punt.list", async ({ cnf }, scope) => {
      const { view } = scope;
      const label = cnf === "" ? undefined : view.label(cnf);
      const { revision, seen } = scope.elsewhere
        ? await listThere(parts, label, scope)
        : await listHere(parts, label, view);
      return { punts: seen.map(({ status }) => status), revision };
    }),
    plan: unary(parts, "punt.plan", async (call, scope, signal) => {
      const add = await gate.readAll(call.add, scope, "add");
      const gone = call.delete.map((id) => scope.id(id));
      scope.punts = [...add.map(idOf), ...gone];
      for (const id of gone) await scope.requireVisible(id);
      const leaving = new Set(gone.map(idKey));
      const isReplaced = (id: PuntId) => leaving.has(idKey(id));
      const plan = () => scope.looking(signal, async () => scope.target.plan({ add, delete: gone }));
      const run = await gate.pass(add, scope, isReplaced, plan);
      return planOut(run, scope);
    }),
    counters: unary(parts, "punt.counters", ({ cnf }, scope) => counters(parts, cnf, scope)),
    hosts: unary(parts, "punt.hosts", async (_call, { op, view }) => {
      const own = parts.cluster()?.host ?? "";
      if (!view.rights.isOperator) view.rights.requireHost(own, false, op);
      if (!parts.hosts) throw withoutEtcd(op);
      const all = await parts.hosts.all();
      const hosts = all.filter(({ host }) => host === own || view.rights.reaches(host));
      return { hosts: hosts.map((each) => ({ ...each, addresses: [...each.addresses] })) };
    }),
    info: unary(parts, "punt.info", async (_call, { view: { rights } }) => ({
      ...clusterOf(parts),
      version: parts.version,
      term: parts.term,
      vppConnected: parts.table.isConnected,
      caller: callerText(rights.caller),
      operator: rights.isOperator,
      readOnly: rights.isReadOnly,
      rules: rights.rules.map(({ name }) => name),
      ...(rights.isOperator && { devices: parts.devices(), vppSocket: parts.vppSocket }),
      attachSocket: rights.caller.kind === "unix" ? parts.attachSocketOf(rights.caller.socket) : "",
    })),
  };
}

function clusterOf(parts: Parts) {
  const found = parts.cluster();
  if (!found) return {};
  const { host, role, daemon, addresses } = found;
  return { cluster: { host, role, daemon, addresses: [...addresses] } };
}

/** The revision of now: the first event of a watch says it. No CNF has the name "/", so the event has no status to make. */
async function revisionOf(punts: Punts): Promise<string> {
  const ending = new AbortController();
  try {
    for await (const { revision } of punts.watch({ signal: ending.signal, cnf: "/" })) return revision;
    return "";
  } finally {
    ending.abort();
  }
}

function planOut(run: DryRun, { view }: Scope): MessageInitShape<typeof PlanResponseSchema> {
  const { isOperator } = view.rights;
  const steps = run.steps.flatMap(({ action, item, why, punts, value }) => {
    const own = punts.filter((id) => view.sees(id)).map((id) => view.idOut(id));
    if (own.length === 0 && !isOperator) return [];
    const text = view.text(why);
    const shown = value === undefined ? {} : { value: JSON.parse(JSON.stringify(value, plainNumbers)) as JsonObject };
    return [{ action, item, why: text, punts: own, ...shown }];
  });
  const punts = run.punts
    .filter(({ id }) => view.sees(id))
    .map(({ id, state, reasons }) => {
      return { id: view.idOut(id), state: stateToWire(state), reasons: reasons.map((text) => view.text(text)) };
    });
  return { steps, punts };
}

function plainNumbers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
