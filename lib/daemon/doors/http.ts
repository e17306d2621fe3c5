// The daemon's HTTP port for supervisors and Prometheus: /livez, /readyz and /metrics. It changes nothing.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { hostPort } from "../../net/index.js";
import { listenAt } from "../../sockets/index.js";

export interface HttpDoorOptions {
  /** Default 127.0.0.1: nothing of another machine gets in, and there is no authentication. */
  readonly host?: string;
  /** 0: a free port. */
  readonly port: number;
}

/** The sources of the port's answers. */
export interface HttpAnswers {
  /** Why the daemon is not ready; undefined if it is. */
  notReady(): string | undefined;
  /** The text that it answers when it is ready. */
  ready(): string;
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface HttpDoor {
  /** `host:port`. */
  readonly address: string;
  close(): Promise<void>;
}

const TEXT = "text/plain; charset=utf-8";

async function answer({ method, url }: IncomingMessage, response: ServerResponse, answers: HttpAnswers): Promise<void> {
  const send = (status: number, text: string, type = TEXT) => {
    response.writeHead(status, {
      "content-type": type,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    // Node.js sends no body to HEAD.
    response.end(text);
  };
  if (method !== "GET" && method !== "HEAD") return send(405, "GET or HEAD\n");
  switch (pathOf(url)) {
    case "/livez":
      return send(200, "ok\n");
    case "/readyz": {
      const reason = answers.notReady();
      return reason === undefined ? send(200, `${answers.ready()}\n`) : send(503, `${reason}\n`);
    }
    case "/metrics":
      return send(200, await answers.metrics(), answers.contentType);
    default:
      return send(404, "there are /livez, /readyz and /metrics\n");
  }
}

/** Returns the path of a request's target, which may be a whole URL, or no path at all. */
function pathOf(target = "/"): string {
  const base = "http://daemon";
  return URL.canParse(target, base) ? new URL(target, base).pathname : target;
}

/** Opens the port. @throws PuntError EADDRINUSE, EACCES or another errno name */
export async function openHttpDoor(
  { host = "127.0.0.1", port }: HttpDoorOptions,
  answers: HttpAnswers,
): Promise<HttpDoor> {
  const server = createServer((request, response) => {
    answer(request, response, answers).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  const { port: actual, close } = await listenAt(server, { host, port }, "daemon.start");
  return { address: hostPort(host, actual), close };
}
