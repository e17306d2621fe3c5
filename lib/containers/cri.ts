// Kubernetes' Container Runtime Interface over the UNIX socket of containerd or CRI-O. The runtime is not trusted: its answers are checked.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type * as z from "zod";
import { PuntError } from "../errors.js";
import { Http2Sessions } from "../grpc/index.js";
import { lazily, zod } from "../lazily.js";
import type { RunningContainer } from "./container.js";
import { type Container, ContainerState, RuntimeService } from "./gen/runtime/v1/api_pb.js";
import type { ContainerSource } from "./source.js";

const OP = "containers.read";
const TIMEOUT_MS = 10_000;
const LONGEST_ANSWER = 16 << 20;
/** How often all containers are read beside the events, and where a runtime has no events. */
const LOOK_INTERVAL_MS = 10_000;
const POLL_INTERVAL_MS = 1_000;

/** Facts about a container that containerd and CRI-O report in their verbose answers. */
const verbose = lazily(() =>
  zod().object({
    pid: zod().int().min(0),
    runtimeSpec: zod()
      .object({
        process: zod()
          .object({ env: zod().array(zod().string()).nullish() })
          .nullish(),
      })
      .nullish(),
  }),
);

/** One runtime's socket. */
export class CriEngine implements ContainerSource {
  readonly path: string;
  readonly #sessions: Http2Sessions;
  readonly #client: Client<typeof RuntimeService>;
  /** The containers that the last list had. A container of a pod never starts again: its successor has another id. */
  #listed = new Map<string, { readonly container: Container; readonly podLabels: Readonly<Record<string, string>> }>();
  #known = new Map<string, RunningContainer>();

  constructor(path: string) {
    this.path = path;
    const baseUrl = "http://localhost";
    const nodeOptions = { createConnection: () => connect(path) };
    this.#sessions = new Http2Sessions(baseUrl, {}, nodeOptions);
    const limits = { readMaxBytes: LONGEST_ANSWER };
    const transport = createGrpcTransport({ baseUrl, sessionManager: this.#sessions, nodeOptions, ...limits });
    this.#client = createClient(RuntimeService, transport);
  }

  async running(signal: AbortSignal): Promise<readonly string[]> {
    const options = { signal, timeoutMs: TIMEOUT_MS };
    const [{ containers }, { items }] = await this.#asked(() =>
      Promise.all([this.#client.listContainers({}, options), this.#client.listPodSandbox({}, options)]),
    );
    const pods = new Map(items.map(({ id, labels }) => [id, labels]));
    const isRunning = ({ state }: Container) => state === ContainerState.CONTAINER_RUNNING;
    this.#listed = new Map(
      containers
        .filter(isRunning)
        .map((container) => [container.id, { container, podLabels: pods.get(container.podSandboxId) ?? {} }]),
    );
    this.#known = new Map([...this.#known].filter(([id]) => this.#listed.has(id)));
    return [...this.#listed.keys()];
  }

  async inspect(id: string, signal: AbortSignal): Promise<RunningContainer | undefined> {
    const known = this.#known.get(id);
    if (known) return known;
    const answer = await this.#asked(() =>
      this.#client.containerStatus({ containerId: id, verbose: true }, { signal, timeoutMs: TIMEOUT_MS }),
    ).catch((error: PuntError) => {
      if ((error.cause as ConnectError | undefined)?.code === Code.NotFound) return undefined;
      throw error;
    });
    if (answer?.status?.state !== ContainerState.CONTAINER_RUNNING) return undefined;
    // The status of one container lacks the labels of its pod.
    if (!this.#listed.has(id)) await this.running(signal);
    const listed = this.#listed.get(id);
    if (listed === undefined) return undefined;
    const { info = "" } = answer.info;
    const found = containerOf(listed.container, listed.podLabels, verboseOf(info));
    this.#known.set(id, found);
    return found;
  }

  /** A runtime without events, or with events that end, is read again and again. */
  async *events(signal: AbortSignal): AsyncGenerator<string | undefined, void> {
    const stream = this.#client.getContainerEvents({}, { signal })[Symbol.asyncIterator]();
    let next: Promise<string> | undefined = nextOf(stream);
    try {
      for (;;) {
        yield undefined;
        const interval = next === undefined ? POLL_INTERVAL_MS : LOOK_INTERVAL_MS;
        const isOver = sleep(interval, undefined, { signal, ref: false });
        for (let id = await first(next, isOver); id !== undefined; id = await first(next, isOver)) {
          next = id === GONE ? undefined : nextOf(stream);
          if (id === GONE) break;
          // It was not read since its event.
          this.#known.delete(id);
          this.#listed.delete(id);
          yield id;
        }
        isOver.catch(() => {});
      }
    } finally {
      next?.catch(() => {});
      await stream.return?.().catch(() => {});
    }
  }

  close(): void {
    this.#sessions.abort();
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const cause = ConnectError.from(error);
      const { code } = (cause.cause ?? {}) as NodeJS.ErrnoException;
      const word = /^E[A-Z]+$/.test(code ?? "") ? code! : "ERR_CONTAINER_ENGINE";
      const message = `the container runtime at ${this.path}: ${cause.rawMessage}`;
      throw new PuntError(OP, word, message, { path: this.path }, cause);
    }
  }
}

/** Stands for the end of the events. No container has this id. */
const GONE = "";

async function nextOf(stream: AsyncIterator<{ readonly containerId: string }>): Promise<string> {
  try {
    const { done, value } = await stream.next();
    return done ? GONE : value.containerId;
  } catch {
    return GONE;
  }
}

/** Returns the next event, or undefined if the pause is over first. */
function first(next: Promise<string> | undefined, pause: Promise<undefined>): Promise<string | undefined> {
  return next === undefined ? pause : Promise.race([next, pause]);
}

/** If the runtime does not tell the process, it is 0, which has no namespaces. */
function verboseOf(json: string): z.output<ReturnType<typeof verbose>> {
  try {
    return verbose().parse(JSON.parse(json));
  } catch {
    return { pid: 0 };
  }
}

const OF_KUBELET = "io.kubernetes.";

function containerOf(
  { id, metadata, labels }: Container,
  podLabels: Readonly<Record<string, string>>,
  { pid, runtimeSpec }: z.output<ReturnType<typeof verbose>>,
): RunningContainer {
  const pod = `${labels[`${OF_KUBELET}pod.namespace`]}/${labels[`${OF_KUBELET}pod.name`]}`;
  const names = [`${pod}/${metadata?.name ?? ""}`];
  return { id, names, pid, labels: { ...podLabels, ...labels }, env: runtimeSpec?.process?.env ?? [] };
}
