// Network namespaces that CNFs have handed over, each at a path that the manager and VPP can open.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CallOrder } from "../call-order.js";
import { type Descriptor, networkNamespace, OWN_NAMESPACE } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import { ensureFolder } from "../files/index.js";
import { runProgram } from "../run-program.js";

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;

/** A namespace that no punt names is kept so long: its CNF is about to ask for the punt. */
const UNUSED_MS = 60_000;
/** Namespaces of one user's that no punt names: many CNFs may start at once. Each is a mount, and exists as long as that. */
const MOST_UNUSED = 1_024;
/** Most bytes of what `mount` and `umount` may print. */
const MOST_WORDS = 65_536;

/**
 * Binds namespaces to files, as `ip netns` does. A file outlives the daemon, so that its next life changes nothing; it keeps the
 * namespace in existence until no punt names it.
 */
interface PinOptions {
  /** How long `mount` and `umount` may take, in milliseconds. */
  readonly deadline?: number;
  /** Namespaces of an owner that no punt names. */
  readonly mostUnused?: number;
  /** Tells this daemon, and the others of its host, from daemons with other punts. Left out: no others use the folder. */
  readonly user?: string;
}

export class NamespacePins {
  readonly #directory: string;
  readonly #deadline: number;
  /** The namespaces that no punt names, as far as this daemon knows: since when, and who handed each over to this daemon. */
  readonly #unused = new Map<string, { readonly since: number; readonly owner?: string }>();
  readonly #mostUnused: number;
  /** Where the daemons that share the folder mark the namespaces that they use. */
  readonly #marks: string;
  readonly #user: string | undefined;
  readonly #marked = new Set<string>();
  /** Of changes at each path. */
  readonly #order = new CallOrder();

  constructor(directory: string, { deadline = 5_000, mostUnused = MOST_UNUSED, user }: PinOptions = {}) {
    this.#marks = `${directory}-used-by`;
    this.#user = user === undefined ? undefined : encodeURIComponent(user);
    this.#directory = directory;
    this.#deadline = deadline;
    this.#mostUnused = mostUnused;
  }

  /**
   * Returns the path of a CNF's namespace: the same for the same namespace. "" for the daemon's own. `owner`: who hands it over.
   *
   * @throws PuntError ERR_NOT_A_NAMESPACE; ERR_RESOURCE_EXHAUSTED: too many of the owner's have no punt; EPERM: the daemon may not mount
   */
  async pin(cnf: string, namespace: Descriptor, owner: string): Promise<string> {
    const own = networkNamespace(OWN_NAMESPACE);
    const { device, inode } = networkNamespace(namespace);
    if (own.device === device && own.inode === inode) return "";
    const path = join(this.#directory, `${prefixOf(cnf)}-${inode}`);
    this.#requireRoom(path, owner);
    this.#unused.set(path, { since: performance.now(), owner });
    return this.#order.after([path], async () => {
      try {
        await this.#mark(path);
        await this.#bind(path, inode, namespace);
        return path;
      } catch (error) {
        await this.#unmark(path);
        this.#unused.delete(path);
        throw error;
      }
    });
  }

  async #bind(path: string, inode: bigint, namespace: Descriptor): Promise<void> {
    if (isNamespace(path, inode)) return;
    await ensureFolder(this.#directory, 0o755);
    const inTheWay = await makeFile(path);
    // The child has a descriptor of its own: the number of ours may be another file's by the time that it mounts.
    const bind = ["--no-canonicalize", "--bind", "/proc/self/fd/3", path];
    const complaint = inTheWay ?? (await this.#run("mount", bind, namespace.fd)) ?? "something else is there";
    // Another daemon of the host may have bound it by now.
    if (isNamespace(path, inode)) return;
    if (inTheWay === undefined) await this.#remove(path).catch(() => {});
    const message = `the CNF's network namespace cannot be bound to ${path}: ${complaint}`;
    throw new PuntError("punt.attach", "EPERM", message, { path });
  }

  /** Tells whether a path is that of a namespace which the CNF has handed over. */
  isOf(cnf: string, path: string): boolean {
    return dirname(path) === this.#directory && basename(path).startsWith(`${prefixOf(cnf)}-`);
  }

  /** Tells whether no namespace is bound, by whichever daemon, and none of this one's is remembered. */
  async isEmpty(): Promise<boolean> {
    return this.#unused.size === 0 && (await namesIn(this.#directory)).length === 0;
  }

  /** Lets go of the namespaces that no punt has named for a minute. Another daemon of the host, or an earlier life, may have pinned them. */
  async clean(used: ReadonlySet<string>): Promise<void> {
    for (const path of used) {
      this.#unused.delete(path);
      if (dirname(path) === this.#directory) await this.#mark(path).catch(() => {});
    }
    const others = await this.#usedByOthers();
    const found = (await namesIn(this.#directory)).map((name) => join(this.#directory, name));
    // Another daemon may have let go of some of this one's.
    for (const path of new Set([...found, ...this.#unused.keys()])) {
      if (used.has(path) || !this.#isUnusedLong(path)) continue;
      this.#unused.delete(path);
      await this.#order.after([path], async () => {
        // Its CNF may have handed it over again.
        if (this.#unused.has(path)) return;
        await this.#unmark(path);
        if (!others.has(basename(path))) await this.#remove(path);
      });
    }
  }

  /** Marks a namespace as used by this daemon: daemons with other punts leave it. */
  async #mark(path: string): Promise<void> {
    if (this.#user === undefined || this.#marked.has(path)) return;
    const folder = join(this.#marks, this.#user);
    await ensureFolder(folder, 0o755);
    await writeFile(join(folder, basename(path)), "");
    this.#marked.add(path);
  }

  async #unmark(path: string): Promise<void> {
    if (this.#user === undefined) return;
    this.#marked.delete(path);
    await rm(join(this.#marks, this.#user, basename(path)), { force: true }).catch(() => {});
  }

  async #usedByOthers(): Promise<Set<string>> {
    const others = (await namesIn(this.#marks)).filter((user) => user !== this.#user);
    return new Set((await Promise.all(others.map((user) => namesIn(join(this.#marks, user))))).flat());
  }

  #requireRoom(path: string, owner: string): void {
    if (this.#unused.get(path)?.owner !== undefined) return;
    const count = [...this.#unused.values()].filter((each) => each.owner === owner).length;
    if (count < this.#mostUnused) return;
    const message = `no punt names ${count} of the network namespaces that ${owner} has handed over: ask for punts first`;
    throw new PuntError("punt.attach", "ERR_RESOURCE_EXHAUSTED", message);
  }

  async #remove(path: string): Promise<void> {
    // Two daemons may have bound it at once, one over the other.
    while ((await this.#run("umount", ["--lazy", path])) === undefined);
    await rm(path, { force: true });
  }

  /** Runs a program, which gets `fd` as its descriptor 3; what it complains of, or undefined. */
  async #run(program: string, args: readonly string[], fd?: number): Promise<string | undefined> {
    const { status, stderr } = await runProgram(program, args, "", { bytes: MOST_WORDS, ms: this.#deadline, fd });
    return status === 0 ? undefined : stderr.trim() || `${program} failed`;
  }

  #isUnusedLong(path: string): boolean {
    const now = performance.now();
    const known = this.#unused.get(path) ?? { since: now };
    this.#unused.set(path, known);
    return now - known.since >= UNUSED_MS;
  }
}

/** Makes a file to bind to. @returns why that fails: the file of a namespace that is bound already cannot be opened for writing */
async function makeFile(path: string): Promise<string | undefined> {
  try {
    await (await open(path, NEW_FILE, 0o444)).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function prefixOf(cnf: string): string {
  return createHash("sha256").update(cnf).digest("hex").slice(0, 16);
}

function isNamespace(path: string, inode: bigint): boolean {
  try {
    return networkNamespace(path).inode === inode;
  } catch {
    return false;
  }
}
