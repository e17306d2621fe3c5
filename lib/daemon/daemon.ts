// The orchestrator: one manager, and the doors by which CNFs and operators reach it.
import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Http2ServerRequest } from "node:http2";
import { constants } from "node:http2";
import type { Socket } from "node:net";
import { dirname, join } from "node:path";
import { createContextValues } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { CounterReader } from "../counters/index.js";
import { peerCredentials } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import { ensureFolder } from "../folder.js";
import { type DeviceReport, FileStore, PuntManager, type Punts } from "../punt/index.js";
import type { StoneWorkOrchestrator } from "../stonework/index.js";
import { InterfaceTable, LateVpp } from "../vpp/index.js";
import { Health, Punts as PuntsService, ServerReflection } from "../wire/index.js";
import { AttachDoor } from "./attach/index.js";
import { AuditLog } from "./audit.js";
import { attachPathOf } from "./cnf-sockets.js";
import {
  callerOf,
  type Door,
  type DoorRequest,
  type Handler,
  type HttpDoor,
  openHttpDoor,
  openTlsDoor,
  openUnixDoor,
  type TlsDoor,
} from "./doors/index.js";
import { unixCaller } from "./identity.js";
import { Metrics } from "./metrics/index.js";
import { type CheckedDaemonOptions, checkDaemonOptions, type DaemonOptions } from "./options.js";
import { NamespacePins } from "./pins.js";
import { Policy, Resolver } from "./policy/index.js";
import {
  Attacher,
  callerKey,
  HealthService,
  type Parts,
  PuntNames,
  puntService,
  reflection,
  resetKey,
} from "./service/index.js";
import { Sessions } from "./sessions.js";
import { managerUnderStoneWork, startStoneWork } from "./stonework.js";
import { Tokens } from "./tokens.js";
import { Traffic } from "./traffic.js";
import { packageVersion } from "./version.js";

/** What a daemon is made of, in the order in which it is opened. */
interface Opened {
  readonly vpp: LateVpp;
  readonly punts: Punts;
  readonly names: PuntNames;
  readonly devices: () => DeviceReport;
  readonly table: InterfaceTable;
  readonly audit: AuditLog;
  readonly sessions: Sessions;
  readonly counters: CounterReader;
}

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
export class Daemon implements AsyncDisposable {
  readonly #options: CheckedDaemonOptions;
  readonly #opened: Opened;
  readonly #policy: Policy;
  readonly #health = new HealthService();
  readonly #parts: Parts;
  readonly #handler: Handler;
  readonly #doors: Door[] = [];
  #tls: TlsDoor | undefined;
  #stoneWork: StoneWorkOrchestrator | undefined;
  #http: HttpDoor | undefined;
  #isDraining = false;
  readonly #traffic = new Traffic();
  /** Ends the streams. */
  readonly #stopping = new AbortController();
  #closing: Promise<void> | undefined;

  /**
   * Starts a daemon. Does not wait for VPP: it may come later.
   *
   * @throws PuntError ERR_OPTION; ERR_POLICY_FILE: the policy is wrong; of the store; EADDRINUSE: another daemon listens at the
   * socket; an errno name
   */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const checked = checkDaemonOptions(options);
    const policy = await Policy.load(checked.policy, checked.socketGroup ?? process.getgid!());
    const opened = await openParts(checked);
    const daemon = new Daemon(checked, opened, policy);
    try {
      await daemon.#openDoors();
      await daemon.#openHttp();
      daemon.#stoneWork = await startStoneWork(checked, opened.punts, opened.audit);
      return daemon;
    } catch (error) {
      await daemon.close();
      throw error;
    }
  }

  private constructor(options: CheckedDaemonOptions, opened: Opened, policy: Policy) {
    this.#options = options;
    this.#opened = opened;
    this.#policy = policy;
    // Every open stream listens.
    setMaxListeners(0, this.#stopping.signal);
    const parts = this.#newParts();
    this.#parts = parts;
    const attacher = new Attacher(parts);
    this.#handler = this.#traffic.counted(
      connectNodeAdapter({
        routes: (router) => {
          router.service(PuntsService, puntService(parts, attacher));
          router.service(Health, this.#health.implementation());
          router.service(ServerReflection, reflection);
        },
        // A misspelt field is an error that names it.
        jsonOptions: { ignoreUnknownFields: false },
        contextValues: (request) =>
          createContextValues()
            .set(callerKey, callerOf(request))
            .set(resetKey, () => reset(request)),
      }),
    );
  }

  /** Ports of the services for StoneWork's CNFs; undefined without the option `stonework`. */
  get stoneWorkPorts(): { readonly grpc: number; readonly http: number } | undefined {
    return this.#stoneWork?.ports;
  }

  /** Where it listens: the path of the UNIX socket, that of attach.sock, then `host:port` if it listens on TCP. */
  get addresses(): readonly string[] {
    return this.#doors.map(({ path }) => path);
  }

  /** Where /livez, /readyz and /metrics are, as `host:port`; undefined without the option `http`. */
  get httpAddress(): string | undefined {
    return this.#http?.address;
  }

  /**
   * Reads the policy, the certificates and StoneWork's configuration again, and opens the audit log again.
   *
   * @returns texts that say which punts the policy would not allow any more; they stay
   * @throws PuntError of a file: what was in force stays in force
   */
  async reload(): Promise<readonly string[]> {
    await this.#policy.reload();
    await this.#tls?.reload();
    await this.#stoneWork?.reload();
    this.#opened.audit.reopen();
    const { logger } = this.#options;
    const objections = this.#policy.objectionsTo(await this.#opened.punts.list());
    for (const text of objections) logger.warn({}, text);
    logger.info({ policy: this.#policy.path }, "the policy was read again");
    return objections;
  }

  /** Stops: refuses new calls, lets those under way end, then closes everything. Punts stay in VPP. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { sessions, punts, table, vpp, audit, counters } = this.#opened;
    this.#isDraining = true;
    this.#health.drain();
    this.#traffic.close();
    await this.#stoneWork?.close();
    await this.#traffic.idle("calls", this.#options.drainTime);
    await sessions.close();
    this.#stopping.abort();
    await this.#traffic.idle("streams", LONGEST_GOODBYE_MS);
    await Promise.all(this.#doors.map((door) => door.close()));
    await punts.close();
    counters.close();
    table.close();
    await vpp.close();
    await audit.close();
    await this.#http?.close();
  }

  #newParts(): Parts {
    const { vpp, punts, names, devices, table, audit, sessions, counters } = this.#opened;
    const { socket, attachSocket, socketDirectory, watcherPatience, logger } = this.#options;
    return {
      punts,
      names,
      devices,
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
      pins: new NamespacePins(join(dirname(socket), "netns")),
      attachSocketOf: (path) => (path === socket ? attachSocket : attachPathOf(path)),
      socketDirectory,
      longestWait: watcherPatience,
      stopping: this.#stopping.signal,
    };
  }

  async #openHttp(): Promise<void> {
    const { http } = this.#options;
    if (http === undefined) return;
    const { vpp, punts, counters } = this.#opened;
    const metrics = await Metrics.open({
      punts: async () => punts.list(),
      counters: (list) => counters.read(list),
      isVppConnected: () => vpp.isConnected,
    });
    vpp.on("called", (message, ms) => metrics.called(message, ms));
    if (punts instanceof PuntManager) punts.on("pass", ({ ms, error }) => metrics.passed(ms, error !== undefined));
    this.#http = await openHttpDoor(http, {
      notReady: () => this.#notReady(),
      contentType: metrics.contentType,
      metrics: () => metrics.text(),
    });
  }

  #notReady(): string | undefined {
    if (this.#isDraining) return "the daemon is stopping";
    return this.#opened.vpp.isConnected ? undefined : "VPP is away";
  }

  async #openDoors(): Promise<void> {
    const { socket: path, socketMode: mode, socketGroup: group, sockets = [], tls } = this.#options;
    await this.#openUnixDoors({ path, mode, group });
    for (const each of sockets) await this.#openUnixDoors({ mode: 0o660, group: undefined, ...each });
    if (tls === undefined) return;
    this.#tls = await openTlsDoor(tls, this.#handler);
    this.#doors.push(this.#tls);
  }

  /** Opens a socket for calls, and beside it the socket that hands over descriptors. */
  async #openUnixDoors({ path, cnf, mode, owner, group }: UnixSocket): Promise<void> {
    const { logger, credentials } = this.#options;
    const problem = (error: unknown) => logger.warn({ err: error }, "a connection was refused");
    const read = credentials ?? peerCredentials;
    const entrance = { path, cnf };
    const file = { mode, owner, group };
    const callerOf = (socket: Socket) => unixCaller(socket, entrance, read);
    this.#doors.push(await openUnixDoor({ path, ...file, handler: this.#handler, problem, callerOf }));
    this.#doors.push(
      AttachDoor.open(this.#parts, {
        ...{ path: this.#parts.attachSocketOf(path), entrance, ...file },
        credentialsOf: (request) => credentials?.(undefined as unknown as Socket) ?? request.credentials,
      }),
    );
  }
}

/** @throws PuntError of the store, of the audit log, or of an option of the manager */
async function openParts(options: CheckedDaemonOptions): Promise<Opened> {
  const { vppSocket, state, logger, audit: auditFile, socketDirectory } = options;
  const problem = (error: unknown) => logger.error({ err: error }, "something could not be written");
  const audit = await AuditLog.open(auditFile, problem);
  const vpp = new LateVpp(vppSocket);
  const table = new InterfaceTable(vpp);
  try {
    for (const folder of [socketDirectory, state]) if (folder !== undefined) await makeFolder(folder);
    const store = state === undefined ? {} : { store: new FileStore(join(state, "punts.json")) };
    const punts = await PuntManager.start({ ...managerUnderStoneWork(options), ...options.manager, vpp, ...store });
    const names = new PuntNames();
    for (const { id } of punts.list()) names.add(id);
    punts.on("state", (event) => names.take(event));
    punts.on("problem", (error) => logger.warn({ err: error }, error.message));
    const sessions = new Sessions({
      file: state === undefined ? undefined : join(state, "sessions.json"),
      delete: (id) => punts.delete(id),
      problem,
    });
    await sessions.load();
    const counters = new CounterReader({
      indexOf: (tag) => table.find(tag)?.swIfIndex,
      vppSocket,
      statsSocket: options.statsSocket,
    });
    return { vpp, punts, names, devices: () => punts.knownDevices, table, audit, sessions, counters };
  } catch (error) {
    table.close();
    await vpp.close();
    await audit.close();
    throw error;
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await ensureFolder(path, 0o750);
  } catch (cause) {
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    throw new PuntError("daemon.start", code, `cannot make the folder ${path}`, { path }, cause);
  }
}

/** Ends a stream that its peer does not read: a reset passes a full window, where a status would wait behind the data. */
function reset(request: DoorRequest): void {
  if ("stream" in request) (request as Http2ServerRequest).stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else request.destroy();
}
