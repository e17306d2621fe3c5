// A container engine for tests, with one container.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";

export const ID = "0123456789abcdef";

/** The container, as the engine describes it. */
export const CONTAINER = {
  Id: ID,
  Name: "/web",
  State: { Running: true, Pid: process.pid },
  Config: {
    Env: ["MICROSERVICE_LABEL=m"],
    Labels: { "io.kubernetes.pod.name": "web-1", "io.kubernetes.pod.namespace": "prod", app: "web" },
  },
};

/** The end of the container. */
export const EVENT = { Type: "container", Action: "die", Actor: { ID } };

export function socketPath(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-engine-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "e.sock");
}

export async function listen(path: string, answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

export function end(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** An engine with one container, in the namespaces of this process. `events` gets the stream of events. */
export function honest(
  events: (write: (line: string) => void) => void = () => {},
  isRunning = () => true,
): RequestListener {
  return ({ url = "" }, response) => {
    if (url.includes("/events")) {
      response.writeHead(200).flushHeaders();
      events((line) => response.write(`${line}\n`));
    } else if (url.endsWith("/containers/json")) response.end(JSON.stringify(isRunning() ? [{ Id: ID }] : []));
    else {
      const State = { Running: isRunning(), Pid: isRunning() ? process.pid : 0 };
      response.end(JSON.stringify({ ...CONTAINER, State }));
    }
  };
}
