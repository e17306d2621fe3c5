// A container runtime of Kubernetes for tests: pods and containers that the test names, in the namespaces of processes that it starts.
import { createServer, type ServerHttp2Session } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ContainerState, PodSandboxState, RuntimeService } from "../../../lib/containers/gen/runtime/v1/api_pb.js";

export interface FakeContainer {
  readonly id: string;
  readonly namespace: string;
  readonly pod: string;
  readonly name: string;
  readonly pid: number;
  readonly podLabels?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  /** The runtime's facts about it instead. */
  readonly info?: string;
  readonly isRunning?: boolean;
}

export class FakeCri {
  containers: FakeContainer[] = [];
  /** The calls so far, by name. */
  readonly calls = new Map<string, number>();
  /** The streams of events. Each takes the id of a container, or undefined for its end. */
  readonly #streams = new Set<(id: string | undefined) => void>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #server;

  /** Without events the runtime refuses GetContainerEvents, as CRI-O does unless it is configured to have them. */
  constructor(hasEvents: boolean) {
    const count = (name: string) => this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    this.#server = createServer(
      connectNodeAdapter({
        routes: (router) => {
          router.service(RuntimeService, {
            listContainers: () => {
              count("ListContainers");
              return { containers: this.containers.map(listed) };
            },
            listPodSandbox: () => ({
              items: this.containers.map(({ pod, podLabels = {} }) => {
                return { id: `sandbox-${pod}`, state: PodSandboxState.SANDBOX_READY, labels: podLabels };
              }),
            }),
            containerStatus: ({ containerId, verbose }) => {
              count("ContainerStatus");
              const found = this.containers.find(({ id }) => id === containerId);
              if (!found) throw new ConnectError(`no container ${containerId}`, Code.NotFound);
              return { status: { id: containerId, state: stateOf(found) }, ...(verbose && { info: infoOf(found) }) };
            },
            getContainerEvents: (_request, { signal }) => {
              count("GetContainerEvents");
              if (!hasEvents) throw new ConnectError("events are not enabled", Code.Unimplemented);
              return this.#events(signal);
            },
          });
        },
      }),
    );
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session)).on("error", () => {});
    });
  }

  async *#events(signal: AbortSignal) {
    const told: (string | undefined)[] = [];
    let wake = () => {};
    const take = (id: string | undefined) => {
      told.push(id);
      wake();
    };
    this.#streams.add(take);
    signal.addEventListener("abort", () => take(undefined));
    try {
      for (;;) {
        while (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const containerId = told.shift();
        if (containerId === undefined) return;
        yield { containerId };
      }
    } finally {
      this.#streams.delete(take);
    }
  }

  /** An event of a container. */
  tell(id: string): void {
    for (const take of this.#streams) take(id);
  }

  /** The stream of events ends, and the runtime lives on. */
  endEvents(): void {
    for (const take of this.#streams) take(undefined);
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve) => this.#server.listen(path, resolve));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const session of this.#sessions) session.destroy();
    });
  }
}

function stateOf({ isRunning = true }: FakeContainer): ContainerState {
  return isRunning ? ContainerState.CONTAINER_RUNNING : ContainerState.CONTAINER_EXITED;
}

function listed(container: FakeContainer) {
  const { id, namespace, pod, name } = container;
  const labels = { "io.kubernetes.pod.namespace": namespace, "io.kubernetes.pod.name": pod };
  return { id, podSandboxId: `sandbox-${pod}`, metadata: { name }, state: stateOf(container), labels };
}

/** As containerd has it. */
function infoOf({ pid, env = [], info }: FakeContainer): Record<string, string> {
  return { info: info ?? JSON.stringify({ sandboxID: "s", pid, runtimeSpec: { process: { env } } }) };
}
