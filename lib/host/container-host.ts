// A host whose namespaces may also be named by containers: `container:web` is the network namespace of that container, while it runs.
import {
  ContainerWatch,
  containerText,
  type EnginePlace,
  parseSelector,
  type RunningContainer,
  type Selector,
} from "../containers/index.js";
import { type Descriptor, networkNamespace, OWN_NAMESPACE, openNamespace } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import type { Absence, Host, HostChange, HostLink } from "./host.js";

/** The namespace of a running container. The descriptor keeps it in existence, so that no other one gets its identity. */
interface Held {
  readonly pid: number;
  readonly descriptor: Descriptor;
}

/** Resolves names of containers, and leaves the rest to another host. */
export class ContainerHost implements Host, Disposable {
  readonly #host: Host;
  readonly #watch: ContainerWatch | undefined;
  readonly #held = new Map<string, Held>();

  /** `engine`: undefined: no container is found. */
  constructor(host: Host, engine: EnginePlace | undefined) {
    this.#host = host;
    this.#watch = engine === undefined ? undefined : new ContainerWatch(engine);
    this.#watch?.on("change", () => this.#letGo());
  }

  get hasVhostNet(): boolean | undefined {
    return this.#host.hasVhostNet;
  }

  get hasDevices(): boolean {
    return this.#host.hasDevices ?? true;
  }

  /** Calls `listener` when containers start or stop. */
  onChange(listener: () => void): void {
    this.#watch?.on("change", listener);
  }

  async identify(namespace: string): Promise<string | undefined> {
    const path = await this.#find(namespace);
    if (path === undefined) return undefined;
    if (path === namespace || !this.#isElsewhere) return this.#host.identify(path);
    const identity = await this.#host.identify(namespace);
    try {
      using descriptor = openNamespace(path || OWN_NAMESPACE);
      return identity && `${identity} ${identityText(descriptor)}`;
    } catch {
      // The container has ended since.
      return undefined;
    }
  }

  /** Whether the namespaces of the host are not those of this machine: it knows the container's by its name, as its VPP does. */
  get #isElsewhere(): boolean {
    return this.#host.hasVhostNet !== undefined;
  }

  /** Says why a namespace cannot be identified, where more is known than its path. */
  explain(namespace: string): Absence | undefined {
    const selector = parseSelector(namespace);
    if (selector === undefined) return this.#host.explain?.(namespace);
    const absence = { kind: "container", text: this.#whyNot(selector) } as const;
    // A container that runs, and whose process this one fails to open, is not gone either.
    const isGone = this.#watch?.isKnown && this.#watch.find(selector).length !== 1;
    return isGone ? absence : { ...absence, isUnknown: true };
  }

  async missesContainer(name: string): Promise<Absence | undefined> {
    await this.#watch?.settled;
    const selector = parseSelector(name)!;
    if (this.#watch?.find(selector).length) return undefined;
    const absence = { kind: "container", text: this.#whyNot(selector) } as const;
    return this.#watch?.isKnown ? absence : { ...absence, isUnknown: true };
  }

  namedNamespaces(): Promise<string[]> {
    return this.#host.namedNamespaces();
  }

  async links(namespace: string): Promise<HostLink[]> {
    return this.#host.links(await this.#pathOf(namespace));
  }

  async deviceNames(namespace: string): Promise<readonly string[] | undefined> {
    return this.#host.deviceNames?.(await this.#pathOf(namespace));
  }

  async change(namespace: string, change: HostChange): Promise<void> {
    const path = await this.#pathOf(namespace);
    if (change.change === "move-link") return this.#host.change(path, { ...change, to: await this.#pathOf(change.to) });
    if (change.change !== "add-veth") return this.#host.change(path, change);
    return this.#host.change(path, { ...change, peerNamespace: await this.#pathOf(change.peerNamespace) });
  }

  close(): void {
    this.#watch?.close();
    for (const { descriptor } of this.#held.values()) descriptor.close();
    this.#held.clear();
    this.#host.release?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #pathOf(namespace: string): Promise<string> {
    const path = await this.#find(namespace);
    if (path !== undefined) return this.#isElsewhere ? namespace : path;
    throw new PuntError("host.container", "ENOENT", this.explain(namespace)?.text ?? namespace, { namespace });
  }

  async #find(namespace: string): Promise<string | undefined> {
    const selector = parseSelector(namespace);
    if (selector === undefined) return namespace;
    await this.#watch?.settled;
    const found = this.#watch?.find(selector) ?? [];
    // Containers of one pod share their network namespace; others of one name would be a guess.
    const identities = new Set(found.map((container) => this.#identityOf(container)));
    return identities.size === 1 ? this.#open(found[0]!) : undefined;
  }

  #identityOf(container: RunningContainer): string {
    const held = this.#hold(container);
    return held === undefined ? "gone" : identityText(held.descriptor);
  }

  #open(container: RunningContainer): string | undefined {
    const held = this.#hold(container);
    return held && `/proc/${process.pid}/fd/${held.descriptor.fd}`;
  }

  #hold({ id, pid }: RunningContainer): Held | undefined {
    const known = this.#held.get(id);
    if (known?.pid === pid) return known;
    known?.descriptor.close();
    this.#held.delete(id);
    try {
      const held = { pid, descriptor: openNamespace(`/proc/${pid}/ns/net`) };
      this.#held.set(id, held);
      return held;
    } catch {
      // The container has just stopped, or the engine sees other pids than this process.
      return undefined;
    }
  }

  /** Lets go of the namespaces of containers that run no longer. */
  #letGo(): void {
    for (const [id, { pid, descriptor }] of this.#held) {
      const isRunning = this.#watch!.find({ kind: "container", value: id }).some((container) => container.pid === pid);
      if (isRunning) continue;
      descriptor.close();
      this.#held.delete(id);
    }
  }

  #whyNot(selector: Selector): string {
    const what = containerText(selector);
    if (this.#watch === undefined) return `${what}: no container engine is named (option containers)`;
    const { problem } = this.#watch;
    const found = this.#watch.find(selector);
    if (found.length > 1) return `${what}: ${found.length} containers with different network namespaces run`;
    if (found.length === 1) return `${what}: ${processText(found[0]!)} cannot be seen from here`;
    return problem ? `${what}: ${problem.message}` : `${what} to run`;
  }
}

function processText({ pid }: RunningContainer): string {
  return pid === 0 ? "the runtime does not tell its process, which" : `its process ${pid}`;
}

function identityText(descriptor: Descriptor): string {
  const { device, inode } = networkNamespace(descriptor);
  return `${device}:${inode}`;
}
