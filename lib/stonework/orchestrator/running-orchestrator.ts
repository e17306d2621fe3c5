// The orchestrator of CNFs that were written for StoneWork, at work: their punts become punts of this package.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { idKey, type PuntId, type PuntStatus, type WatchEvent } from "../../punt/index.js";
import type { Listening } from "../../sockets/index.js";
import { isKeyOf } from "../model.js";
import { pathsIn } from "../paths.js";
import { serveGrpc, serveJson } from "../server.js";
import { Arrivals } from "./arrivals.js";
import type { Cnf } from "./cnf.js";
import { type Groups, groupsOfTheAgent, itemsOf, readConfigFile } from "./config-file.js";
import { Discovery } from "./discovery.js";
import type { ConfigItem } from "./item.js";
import { Items } from "./items.js";
import { type CheckedOptions, checkOrchestratorOptions, type OrchestratorOptions } from "./options.js";
import { orchestratorRoutes } from "./services.js";
import type { Surroundings } from "./surroundings.js";

const OP = "stonework.orchestrator";
/** How long a watch that ended is not begun again. */
const WATCH_PAUSE_MS = 500;

/** An orchestrator that serves. */
export class RunningOrchestrator {
  readonly #options: CheckedOptions;
  readonly #arrivals: Arrivals;
  readonly #items: Items;
  readonly #statuses = new Map<string, PuntStatus>();
  readonly #ending = new AbortController();
  readonly #serving: Listening[] = [];
  #groups: Groups = {};
  #discovery: Discovery | undefined;
  #isReady = false;
  #closing: Promise<void> | undefined;

  static async start(options: OrchestratorOptions): Promise<RunningOrchestrator> {
    const orchestrator = new RunningOrchestrator(checkOrchestratorOptions(options));
    try {
      await orchestrator.#start();
      return orchestrator;
    } catch (error) {
      await orchestrator.close();
      throw error;
    }
  }

  private constructor(options: CheckedOptions) {
    this.#options = options;
    const { deadline, pingInterval, logger: log } = options;
    this.#items = new Items(this.#surroundings(), options.state);
    this.#arrivals = new Arrivals({
      ...{ deadline, pingInterval, log },
      place: () => ({ address: options.address, grpcPort: this.ports.grpc, httpPort: this.ports.http }),
      admitted: ({ label, address }) => options.access.arrival({ label, address }),
      arrived: (cnf) => void this.#arrived(cnf),
      back: (cnf) => {
        for (const item of this.#items.all) if (item.sentTo === cnf) item.ask();
      },
    });
  }

  get ports(): { readonly grpc: number; readonly http: number } {
    const [grpc, http] = this.#serving;
    return { grpc: grpc?.port ?? 0, http: http?.port ?? 0 };
  }

  async reload(): Promise<void> {
    // Other rules may let in whom the former ones kept out.
    this.#arrivals.greetAgain();
    const { config, logger } = this.#options;
    if (config === undefined) return;
    const groups = await readConfigFile(config);
    const foreign = groupsOfTheAgent(groups);
    if (foreign.length > 0)
      logger.warn(
        { config, groups: foreign },
        "VPP and Linux are not configured here: a punt manager is not a vpp-agent",
      );
    // Each entry is checked before one is set.
    for (const cnf of this.#arrivals.all) this.#itemsOfFile(cnf, groups);
    this.#groups = groups;
    for (const cnf of this.#arrivals.all) this.#setItemsOfFile(cnf);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    this.#discovery?.close();
    this.#items.close();
    this.#arrivals.close();
    await Promise.all(this.#serving.map((serving) => serving.close()));
  }

  async #start(): Promise<void> {
    const { host, grpcPort, httpPort, directory, deadline, logger } = this.#options;
    await this.reload();
    await this.#items.load();
    const parts = {
      access: this.#options.access,
      cnfs: () => this.#arrivals.all,
      items: () => this.#items.all,
      set: async (key: string, item: ConfigItem["item"]) => {
        const held = await this.#items.set(key, item);
        await Promise.race([held?.settled(), sleep(deadline, undefined, { ref: false })]);
        return held?.situation ?? { state: "REMOVED" as const, message: "" };
      },
    };
    this.#serving.push(await serveGrpc({ host, port: grpcPort }, OP, orchestratorRoutes(parts)));
    const ready = () => (this.#isReady ? { body: { ready: true } } : { status: 503, body: { ready: false } });
    const pages = {
      "/status/info": (socket: Socket) => this.#info(socket),
      "/liveness": () => ({ body: { alive: true } }),
      "/readiness": ready,
    };
    this.#serving.push(await serveJson({ host, port: httpPort }, OP, pages));
    void this.#follow();
    this.#discovery = new Discovery(pathsIn(directory).discovery, {
      announced: (file, announcement) => this.#arrivals.greet(file, announcement),
      gone: (file) => this.#arrivals.leave(file),
      problem: (error) => logger.warn({ err: error }, error.message),
    });
  }

  #surroundings(): Surroundings {
    const { punts, deadline, logger: log, netns, access } = this.#options;
    return {
      ...{ punts, deadline, log },
      allowed: ({ label, announcement: { address } }, wish, change) => access.punts({ label, address }, wish, change),
      cnf: ({ model }) => this.#arrivals.all.find(({ models }) => models.has(model)),
      isDiscovered: (label) => this.#arrivals.get(label) !== undefined,
      netns: async (label) => (typeof netns === "function" ? netns(label) : new Map(Object.entries(netns)).get(label)),
      status: (id) => this.#statuses.get(idKey(id)),
      removed: ({ key }) => this.#items.forget(key),
      isUsedByOthers: (end, item) =>
        this.#items.all.some((other) => other !== item && other.sentTo === item.sentTo && other.has(end)),
    };
  }

  async #arrived(cnf: Cnf): Promise<void> {
    const { logger } = this.#options;
    try {
      this.#setItemsOfFile(cnf);
    } catch (error) {
      logger.error({ cnf: cnf.label, err: error }, "the file's items of this CNF are left out");
    }
    for (const item of this.#items.all) item.ask();
    await this.#deleteOrphans(cnf).catch((error) => logger.warn({ err: error }, "punts without an item stay"));
  }

  #setItemsOfFile(cnf: Cnf): void {
    for (const { model, items } of this.#itemsOfFile(cnf, this.#groups)) this.#items.replaceThoseOfFile(model, items);
  }

  /** @throws PuntError ERR_INVALID_FILE */
  #itemsOfFile(cnf: Cnf, groups: Groups) {
    const path = this.#options.config ?? "";
    return [...cnf.models.values()].map((model) => ({ model, items: itemsOf(groups, model, path) }));
  }

  /** Deletes the punts of items that an earlier orchestrator had and that are not configured any more. */
  async #deleteOrphans(cnf: Cnf): Promise<void> {
    const { punts, access, hasOthers, logger } = this.#options;
    const { label } = cnf;
    const { address } = cnf.announcement;
    const isOfModel = ({ key }: PuntId) => [...cnf.models.values()].some((model) => isKeyOf(model, key));
    const all = (await punts.list({ cnf: label })).map(({ id }) => id);
    const gone = all.filter((id) => isOfModel(id) && !this.#items.has(id.key));
    if (gone.length === 0) return;
    if (hasOthers) {
      logger.info({ cnf: label, punts: gone }, "punts without an item here stay: another daemon may have their items");
      return;
    }
    await access.punts({ label, address }, { requests: [], gone }, async () => {
      for (const id of gone) await punts.delete(id);
    });
  }

  /** Follows the punts until the end. */
  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        for await (const event of this.#options.punts.watch({ signal })) this.#take(event);
      } catch (error) {
        if (!signal.aborted) this.#options.logger.warn({ err: error }, "the watch of the punts begins again");
      }
      await sleep(WATCH_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  #take(event: WatchEvent): void {
    if (event.kind === "snapshot") {
      this.#statuses.clear();
      for (const status of event.punts) this.#statuses.set(idKey(status.id), status);
      this.#isReady = true;
      for (const item of this.#items.all) item.look();
    } else if (event.kind === "change") {
      const { id, to, status } = event.event;
      if (to === "DELETED") this.#statuses.delete(idKey(id));
      else this.#statuses.set(idKey(id), status);
      this.#items.lookAt(id);
    }
  }

  async #info(socket: Socket): Promise<{ readonly status?: number; readonly body: unknown }> {
    try {
      const call = { name: "GET /status/info", ends: socket };
      return { body: await this.#options.access.call(call, ({ sees }) => this.#all(sees)) };
    } catch (error) {
      return { status: 403, body: { error: (error as Error).message } };
    }
  }

  #all(sees: (label: string) => boolean): object[] {
    const { address: IPAddr } = this.#options;
    const { grpc: GRPCPort, http: HTTPPort } = this.ports;
    const own = { PID: process.pid, MsLabel: "vpp-punt", CnfMode: 2, IPAddr, GRPCPort, HTTPPort, GRPCConnState: 0 };
    return [own, ...this.#arrivals.all.filter(({ label }) => sees(label)).map(infoOf)];
  }
}

function infoOf({ label, announcement, connectionState }: Cnf): object {
  const { pid, address, grpcPort, httpPort } = announcement;
  const where = { IPAddr: address, GRPCPort: grpcPort, HTTPPort: httpPort };
  return { PID: pid, MsLabel: label, CnfMode: 1, ...where, GRPCConnState: connectionState };
}
