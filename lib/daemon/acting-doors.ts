// In a cluster, the UNIX sockets of a host lead to the daemon that acts: it takes their places and the sessions when it begins to act.
import { dirname } from "node:path";
import type { ClusterPunts, Role } from "../cluster/index.js";
import { PuntError } from "../errors.js";
import { ensureFolder } from "../files/index.js";
import type { Logger } from "../logger.js";
import { type Door, lookAt, PlacedFile } from "./doors/index.js";
import type { Sessions } from "./sessions.js";
import { obstacleOf } from "./standing.js";

export interface ActingDoorsOptions<S extends { readonly path: string }> {
  readonly punts: Pick<ClusterPunts, "acts" | "role" | "standing" | "on">;
  readonly sessions: Pick<Sessions, "load" | "handOver">;
  /** The sockets for calls. */
  readonly sockets: readonly S[];
  readonly logger: Logger;
  /** Returns the path of the socket beside it that hands over descriptors. */
  attachSocketOf(path: string): string;
  /** Opens the doors of a socket for calls: at `callsAt`, and at `attachAt` for descriptors. */
  open(socket: S, callsAt: string, attachAt: string): Promise<readonly Door[]>;
  /** Whether a living process listens at a path. */
  isListening(path: string): Promise<boolean>;
  /** Returns the host of the daemon that listens at a path; undefined if it does not say. Left out: all daemons are of one host. */
  readonly hostAt?: (path: string) => Promise<string | undefined>;
  /** Whether the daemon is stopping: then it takes no place any more. */
  isDraining(): boolean;
}

/** Milliseconds that a daemon that starts has to reach etcd, before its log says that it is cut off. */
const FIRST_CONTACT_MS = 3_000;
/** Milliseconds between two looks at a place that another host's daemon has. */
const OTHERS_MS = 5_000;

/** Doors at files that the daemon that acts takes over. */
export class ActingDoors<S extends { readonly path: string }> {
  readonly #options: ActingDoorsOptions<S>;
  #doors: readonly Door[] = [];
  #files: readonly PlacedFile[] = [];
  #roles: Promise<void> = Promise.resolve();
  /** The places that other daemons have, with their hosts as far as these are known. */
  readonly #others = new Map<string, string>();
  #lookAtOthers: NodeJS.Timeout | undefined;
  #firstContact: NodeJS.Timeout | undefined;
  readonly #ending = new AbortController();

  /** Opens the sockets at which no process listens. @throws PuntError of a socket */
  static async open<S extends { readonly path: string }>(options: ActingDoorsOptions<S>): Promise<ActingDoors<S>> {
    const doors = new ActingDoors(options);
    try {
      await doors.#open(false);
      return doors;
    } catch (error) {
      await doors.close();
      throw error;
    }
  }

  private constructor(options: ActingDoorsOptions<S>) {
    this.#options = options;
  }

  /** The paths of the sockets that this daemon has. */
  get paths(): readonly string[] {
    return this.#files.map(({ path }) => path);
  }

  /** Follows the daemon's role: the daemon that acts listens where clients look for it; the others leave its sockets alone. */
  follow(): void {
    const { punts } = this.#options;
    let before: Role | undefined;
    const take = (role: Role) => {
      clearTimeout(this.#firstContact);
      const isFirst = before === undefined && role === "cut-off";
      if (isFirst) this.#firstContact = setTimeout(() => this.#logStanding(), FIRST_CONTACT_MS).unref();
      else this.#logStanding();
      if (role === "leader") this.#inTurn(() => this.#takeUp());
      else if (before === "leader") this.#handOver();
      before = role;
    };
    punts.on("role", take);
    take(punts.role);
    const look = lookAt(
      () => this.#files,
      async () => this.#inTurn(() => (punts.acts ? this.#takePlaces() : this.#leavePlaces())),
    );
    this.#ending.signal.addEventListener("abort", () => void look.close());
  }

  #logStanding(): void {
    const { punts, logger } = this.#options;
    const { role, host, daemon } = punts.standing;
    const obstacle = obstacleOf(punts.standing);
    if (obstacle === undefined) logger.info({ role, host, daemon }, "what this daemon does for its host");
    else logger.warn({ role, host, daemon }, obstacle);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#lookAtOthers);
    clearTimeout(this.#firstContact);
    await this.#roles;
    await this.#close();
  }

  #inTurn(step: () => Promise<void>): void {
    const { logger } = this.#options;
    this.#roles = this.#roles.then(step).catch((err) => logger.error({ err }, "a socket could not be opened"));
  }

  async #takeUp(): Promise<void> {
    if (this.#options.isDraining()) return;
    await this.#loadSessions();
    // A daemon that was stopped during the read acts no more.
    if (!this.#options.punts.acts) return;
    await this.#takePlaces();
    for (const door of this.#doors) door.begin?.();
  }

  async #takePlaces(): Promise<void> {
    if (this.#options.isDraining()) return;
    if (!this.#files.every((file) => file.isThere)) await this.#close();
    await this.#open(true);
    clearTimeout(this.#lookAtOthers);
    const again = () => this.#inTurn(async () => void (this.#options.punts.acts && (await this.#takePlaces())));
    if (this.#others.size > 0) this.#lookAtOthers = setTimeout(again, OTHERS_MS).unref();
  }

  /** A daemon that cannot read them acts all the same. It refuses calls with a session, which read them again. */
  async #loadSessions(): Promise<void> {
    const { logger, sessions } = this.#options;
    await sessions.load().catch((err) => logger.error({ err }, "the sessions cannot be read"));
  }

  /** Another daemon has put its sockets there. Clients of this one ask that one from now on: a token of one is unknown to the other. */
  async #leavePlaces(): Promise<void> {
    if (this.#options.isDraining() || this.#files.every((file) => file.isThere)) return;
    await this.#close();
    await this.#open(false);
  }

  async #close(): Promise<void> {
    const [files, doors] = [this.#files, this.#doors];
    this.#files = [];
    this.#doors = [];
    for (const file of files) file.remove();
    await Promise.all(doors.map((door) => door.close()));
  }

  #handOver(): void {
    const message = "another daemon acts for the host now, or none does: connect again";
    this.#options.sessions.handOver(new PuntError("punt.session", "ERR_CLOSED", message));
    for (const door of this.#doors) door.drop?.();
  }

  /** Opens the sockets; one where another daemon listens is left to it, unless this daemon acts. */
  async #open(isActing: boolean): Promise<void> {
    const { sockets, isListening } = this.#options;
    for (const each of sockets) {
      const { path } = each;
      if (this.paths.includes(path)) continue;
      const isTaken = await isListening(path);
      if (!isTaken) this.#others.delete(path);
      const isFree = isTaken ? isActing && !(await this.#isOthers(path)) : !(await this.#isAttachTaken(path));
      if (isFree) await this.#openAt(each);
    }
  }

  /** Whether a daemon with another socket for calls hands over descriptors beside a free one. */
  async #isAttachTaken(path: string): Promise<boolean> {
    const { punts, logger, isListening, attachSocketOf } = this.#options;
    const attach = attachSocketOf(path);
    const isTaken = await isListening(attach);
    const text = `${attach} is another daemon's, so this one does not listen at ${path}: give it an attachSocket of its own`;
    if (isTaken && !this.#others.has(attach)) logger.error({ host: punts.standing.host, path: attach }, text);
    if (isTaken) this.#others.set(attach, "");
    else this.#others.delete(attach);
    return isTaken;
  }

  /** Whether a daemon of another host listens there: each would take the place from the other without end. */
  async #isOthers(path: string): Promise<boolean> {
    const { punts, logger, hostAt } = this.#options;
    const { host } = punts.standing;
    const other = (await hostAt?.(path)) ?? host;
    if (other === host) {
      this.#others.delete(path);
      return false;
    }
    if (this.#others.get(path) !== other)
      logger.error(
        { host, other, path },
        `the socket is left to the daemon of host ${other}: give this daemon of host ${host} a socket of its own`,
      );
    this.#others.set(path, other);
    return true;
  }

  /** Opens a socket for calls, and beside it the socket that hands over descriptors. */
  async #openAt(socket: S): Promise<void> {
    const { path } = socket;
    await ensureFolder(dirname(path), 0o755);
    const places = [path, this.#options.attachSocketOf(path)].map((each) => new PlacedFile(each));
    const doors = await this.#options.open(socket, places[0]!.made, places[1]!.made);
    for (const place of places) place.place();
    this.#files = [...this.#files, ...places];
    this.#doors = [...this.#doors, ...doors];
  }
}
