// The orchestrator: one manager, and the doors by which CNFs and operators reach it.
import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Http2ServerRequest } from "node:http2";
import { constants } from "node:http2";
import type { Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { createContextValues } from "@connectrpc/connect";
import { CallOrder } from "../call-order.js";
import { ClusterPunts } from "../cluster/index.js";
import { peerCredentials } from "../descriptor/index.js";
import { answerSpan, grpcHandler } from "../grpc/index.js";
import { packageVersion } from "../package-root.js";
import { DEFAULT_OWNER } from "../punt/index.js";
import { isListening } from "../sockets/index.js";
import type { StoneWorkOrchestrator } from "../stonework/index.js";
import { Health, LONGEST_REQUEST, Punts as PuntsService, ServerReflection } from "../wire/index.js";
import { ActingDoors } from "./acting-doors.js";
import { AttachDoor } from "./attach/index.js";
import { attachPathOf } from "./cnf-sockets.js";
import {
  callerOf,
  type Door,
  type DoorRequest,
  type Handler,
  type HttpDoor,
  KeptDoors,
  openTlsDoor,
  openUnixDoor,
  partyAt,
  type TlsDoor,
} from "./doors/index.js";
import { hostAt } from "./host-at.js";
import { openHttpPort } from "./http-port.js";
import { unixCaller } from "./identity.js";
import { type Opened, openParts } from "./opened.js";
import { type CheckedDaemonOptions, checkDaemonOptions, type DaemonOptions } from "./options.js";
import { loadPage, type PageFiles } from "./page/index.js";
import { openPagePort, pageHandler } from "./page-port.js";
import { NamespacePins } from "./pins.js";
import { Policy, Resolver } from "./policy/index.js";
import {
  callerKey,
  Dumps,
  EarlierServerReflection,
  HealthService,
  OneByOne,
  type Parts,
  puntService,
  RequestGate,
  reflection,
  resetKey,
} from "./service/index.js";
import { obstacleOf } from "./standing.js";
import { startStoneWork } from "./stonework.js";
import { Tokens } from "./tokens.js";
import { Traffic } from "./traffic.js";

/** A socket file, and the CNF that it is for. */
interface UnixSocket {
  readonly path: string;
  readonly mode: number;
  readonly owner?: number | undefined;
  readonly group: number | undefined;
  readonly cnf?: string;
}

/** How long a stream's peer has to take the word that the stream ends. */
const LONGEST_GOODBYE_MS = 500;

/** A running daemon. */
export class RunningDaemon {
  readonly #options: CheckedDaemonOptions;
  readonly #opened: Opened;
  readonly #policy: Policy;
  readonly #health = new HealthService();
  readonly #parts: Parts;
  readonly #gate: RequestGate;
  readonly #handler: Handler;
  readonly #doors: Door[] = [];
  /** The doors at UNIX sockets in a cluster. */
  #acting: ActingDoors<UnixSocket> | undefined;
  #tls: TlsDoor | undefined;
  #stoneWork: StoneWorkOrchestrator | undefined;
  #http: HttpDoor | undefined;
  #page: Door | undefined;
  #isDraining = false;
  readonly #traffic = new Traffic();
  /** Ends the streams. */
  readonly #stopping = new AbortController();
  #closing: Promise<void> | undefined;

  /** Starts a daemon. */
  static async start(options: DaemonOptions): Promise<RunningDaemon> {
    const checked = checkDaemonOptions(options);
    const policy = await Policy.load(checked.policy, checked.socketGroup ?? process.getgid!());
    const page = checked.page && (await loadPage());
    const opened = await openParts(checked);
    const daemon = new RunningDaemon(checked, opened, policy, page);
    try {
      await daemon.#openDoors();
      daemon.#acting?.follow();
      await daemon.#openHttp();
      daemon.#page = await openPagePort(checked, daemon.#handler);
      daemon.#stoneWork = await startStoneWork(checked, daemon.#parts, daemon.#gate);
      return daemon;
    } catch (error) {
      await daemon.close();
      throw error;
    }
  }

  private constructor(options: CheckedDaemonOptions, opened: Opened, policy: Policy, page: PageFiles | undefined) {
    this.#options = options;
    this.#opened = opened;
    this.#policy = policy;
    // Every open stream listens.
    setMaxListeners(0, this.#stopping.signal);
    const parts = this.#newParts();
    this.#parts = parts;
    const gate = new RequestGate(parts);
    this.#gate = gate;
    const calls = grpcHandler({
      routes: (router) => {
        router.service(PuntsService, puntService(parts, gate));
        router.service(Health, this.#health.implementation());
        router.service(ServerReflection, reflection);
        router.service(EarlierServerReflection, reflection);
      },
      // A misspelt field is an error that names it, and so is one of a later version.
      strict: { service: PuntsService, version: packageVersion() },
      jsonOptions: { ignoreUnknownFields: false },
      readMaxBytes: LONGEST_REQUEST,
      interceptors: [answerSpan],
      partyOf: partyAt,
      contextValues: (request) =>
        createContextValues()
          .set(callerKey, callerOf(request))
          .set(resetKey, () => reset(request)),
      unsent: (call, err) => options.logger.warn({ call, err }, "an answer could not be sent"),
    });
    this.#handler = this.#traffic.counted(page === undefined ? calls : pageHandler(calls, page, opened.audit));
  }

  get stoneWorkPorts(): { readonly grpc: number; readonly http: number } | undefined {
    return this.#stoneWork?.ports;
  }

  get addresses(): readonly string[] {
    const { socket, attachSocket } = this.#options;
    const placed = this.#acting?.paths.length ? [socket, attachSocket] : [];
    return [...placed, ...this.#doors.map(({ path }) => path)];
  }

  get httpAddress(): string | undefined {
    return this.#http?.address;
  }

  get pageAddress(): string | undefined {
    return this.#page?.path;
  }

  async reload(): Promise<readonly string[]> {
    this.#opened.audit.reopen();
    const read = (parts: readonly ({ reload(): Promise<void> } | undefined)[]) =>
      Promise.allSettled(parts.map((part) => part?.reload()));
    // The others ask the policy.
    const outcomes = [...(await read([this.#policy]))];
    outcomes.push(...(await read([this.#tls, this.#stoneWork, { reload: () => this.#opened.reloadEtcd() }])));
    const { logger } = this.#options;
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    for (const err of failures.slice(1)) logger.error({ err }, "what could not be read stays as it was");
    if (outcomes[0]!.status === "rejected") throw failures[0];
    const objections = await this.#objections();
    for (const text of objections) logger.warn({}, text);
    logger.info({ policy: this.#policy.path }, "the policy was read again");
    if (failures.length > 0) throw failures[0];
    return objections;
  }

  /** Names the punts that the policy does not allow. A daemon that etcd has not answered yet knows none. */
  async #objections(): Promise<readonly string[]> {
    try {
      return this.#policy.objectionsTo(await this.#opened.punts.list());
    } catch (err) {
      this.#options.logger.warn({ err }, "punts that the policy does not allow cannot be named");
      return [];
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { sessions, punts, table, vpp, audit, counters, room, lock } = this.#opened;
    this.#isDraining = true;
    this.#health.drain();
    this.#traffic.close();
    await this.#stoneWork?.close();
    await this.#traffic.idle("calls", this.#options.drainTime);
    await sessions.close();
    this.#stopping.abort();
    // The ends of streams and calls are on their way.
    for (const kind of ["streams", "calls"] as const) await this.#traffic.idle(kind, LONGEST_GOODBYE_MS);
    await this.#acting?.close();
    await Promise.all([...this.#doors, ...(this.#page ? [this.#page] : [])].map((door) => door.close()));
    room?.close();
    await punts.close();
    lock?.release();
    counters.close();
    table.close();
    await vpp.close();
    await audit.close();
    await this.#http?.close();
  }

  #newParts(): Parts {
    const { vpp, punts, names, snapshots, devices, table, audit, sessions, counters } = this.#opened;
    const { socket, attachSocket, socketDirectory, watcherPatience, logger } = this.#options;
    return {
      vpp,
      punts,
      names,
      snapshots,
      looks: new OneByOne(),
      order: new CallOrder(),
      dumps: new Dumps(),
      devices,
      cluster: () => (punts instanceof ClusterPunts ? punts.standing : undefined),
      as: (by, change) => (punts instanceof ClusterPunts ? punts.as(by, change) : change()),
      hosts: punts instanceof ClusterPunts ? punts.hosts : undefined,
      policy: this.#policy,
      table,
      resolver: new Resolver(table, vpp),
      sessions,
      counters,
      audit,
      log: logger,
      version: packageVersion(),
      term: randomUUID(),
      tokens: new Tokens(),
      pins: this.#newPins(),
      attachSocketOf: (path) => (path === socket ? attachSocket : attachPathOf(path)),
      owner: this.#options.manager?.owner ?? DEFAULT_OWNER,
      socketDirectory,
      longestWait: watcherPatience,
      stopping: this.#stopping.signal,
      vppSocket: this.#options.vppSocket,
    };
  }

  /** Daemons may have their sockets in one folder. Those of one host in etcd have the same punts. */
  #newPins(): NamespacePins {
    const { socket, etcd } = this.#options;
    const user = etcd === undefined ? `socket ${basename(socket)}` : `host ${etcd.host}`;
    return new NamespacePins(join(dirname(socket), "netns"), { user });
  }

  async #openHttp(): Promise<void> {
    const { http } = this.#options;
    if (http === undefined) return;
    const { cluster } = this.#parts;
    this.#http = await openHttpPort(http, this.#opened, cluster, () => this.#notReady());
  }

  #notReady(): string | undefined {
    if (this.#isDraining) return "the daemon is stopping";
    if (!this.#opened.vpp.isConnected) return "VPP is away";
    const cluster = this.#parts.cluster();
    return this.#opened.problems.obstacle ?? (cluster && obstacleOf(cluster));
  }

  async #openDoors(): Promise<void> {
    const { socket: path, socketMode: mode, socketGroup: group, sockets = [], tls } = this.#options;
    const all: UnixSocket[] = [
      { path, mode, group },
      ...sockets.map((each) => ({ mode: 0o660, group: undefined, ...each })),
    ];
    if (this.#opened.punts instanceof ClusterPunts) this.#acting = await this.#openActing(this.#opened.punts, all);
    else for (const each of all) await this.#openUnixDoors(each);
    if (tls === undefined) return;
    this.#tls = await openTlsDoor(tls, this.#handler, ({ from, code, reason }) => {
      const caller = `tls from ${from}`;
      this.#opened.audit.write({ caller, call: "handshake", decision: "refused", code, message: reason });
    });
    this.#doors.push(this.#tls);
  }

  #openActing(punts: ClusterPunts, sockets: readonly UnixSocket[]): Promise<ActingDoors<UnixSocket>> {
    return ActingDoors.open({
      ...{ punts, sockets, isListening, hostAt, sessions: this.#opened.sessions, logger: this.#options.logger },
      attachSocketOf: (path) => this.#parts.attachSocketOf(path),
      open: (...where) => this.#openPair(...where),
      isDraining: () => this.#isDraining,
    });
  }

  /** Opens a socket for calls, and beside it the socket that hands over descriptors. */
  async #openUnixDoors(socket: UnixSocket): Promise<void> {
    const { path } = socket;
    const open = () => this.#openPair(socket, path, this.#parts.attachSocketOf(path));
    this.#doors.push(...(await KeptDoors.open({ open, reopened: (...how) => this.#reopened(...how) })));
  }

  #reopened(paths: readonly string[], err?: unknown): void {
    const { logger } = this.#options;
    if (err === undefined) logger.warn({ paths }, "socket files were removed: the daemon listens there again");
    else logger.error({ paths, err }, "socket files were removed, and the daemon cannot listen there");
  }

  async #openPair({ path, cnf, mode, owner, group }: UnixSocket, at: string, attachAt: string): Promise<Door[]> {
    const { logger, credentials } = this.#options;
    const problem = (error: unknown) => logger.warn({ err: error }, "a connection was refused");
    const read = credentials ?? peerCredentials;
    const entrance = { path, cnf };
    const file = { mode, owner, group };
    const callerOf = (socket: Socket) => unixCaller(socket, entrance, read);
    const calls = await openUnixDoor({ path: at, ...file, handler: this.#handler, problem, callerOf });
    try {
      const attach = AttachDoor.open(this.#parts, {
        ...{ path: attachAt, entrance, ...file },
        credentialsOf: (request) => credentials?.(undefined as unknown as Socket) ?? request.credentials,
      });
      return [calls, attach];
    } catch (error) {
      await calls.close();
      throw error;
    }
  }
}

/** Ends a stream that its peer does not read: a reset passes a full window, where a status would wait behind the data. */
function reset(request: DoorRequest): void {
  if ("stream" in request) (request as Http2ServerRequest).stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else request.destroy();
}
