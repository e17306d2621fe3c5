// Docker's API over its UNIX socket. The engine is not trusted: each answer is limited and checked.
import { type IncomingMessage, request } from "node:http";
import type * as z from "zod";
import { PuntError } from "../errors.js";
import { lazily, zod } from "../lazily.js";
import type { RunningContainer } from "./container.js";
import type { ContainerSource } from "./source.js";

const OP = "containers.read";
/** Bytes of one answer, and of one event. */
const LONGEST_ANSWER = 16 << 20;
const LONGEST_EVENT = 1 << 20;
const TIMEOUT_MS = 10_000;
const MOST_CONTAINERS = 10_000;
/** An old version, which every Docker and Podman of the last years has. */
const VERSION = "/v1.40";
const FILTERS = encodeURIComponent(JSON.stringify({ type: ["container"] }));

const text = lazily(() => zod().string().max(4096));
const listed = lazily(() =>
  zod()
    .array(zod().object({ Id: text().min(1) }))
    .max(MOST_CONTAINERS),
);
const inspected = lazily(() =>
  zod().object({
    Id: text(),
    Name: text(),
    State: zod().object({ Running: zod().boolean(), Pid: zod().int().min(0) }),
    Config: zod().object({
      Env: zod().array(zod().string()).nullish(),
      Labels: zod().record(zod().string(), zod().string()).nullish(),
    }),
  }),
);
const event = lazily(() =>
  zod().object({
    Type: text().optional(),
    id: text().optional(),
    Actor: zod().object({ ID: text() }).partial().optional(),
  }),
);

/** One engine's socket. */
export class Engine implements ContainerSource {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Returns the ids of the running containers. @throws PuntError `ERR_CONTAINER_ENGINE`, or an errno name */
  async running(signal: AbortSignal): Promise<readonly string[]> {
    const found = await this.#get("/containers/json", listed(), signal);
    if (found === undefined) throw this.#refused(404);
    return found.map(({ Id }) => Id);
  }

  /** Returns a container, or undefined if it does not run. @throws PuntError as `running` */
  async inspect(id: string, signal: AbortSignal): Promise<RunningContainer | undefined> {
    const found = await this.#get(`/containers/${encodeURIComponent(id)}/json`, inspected(), signal);
    if (!found?.State.Running || found.State.Pid === 0) return undefined;
    const { Env, Labels } = found.Config;
    return { id, names: [found.Name.replace(/^\//, "")], pid: found.State.Pid, labels: Labels ?? {}, env: Env ?? [] };
  }

  /**
   * Follows the events of containers: first `undefined`, once the engine has taken the subscription, then the id of each container that
   * has changed. Ends with the engine.
   *
   * @throws PuntError as `running`
   */
  async *events(signal: AbortSignal): AsyncGenerator<string | undefined, void> {
    const answer = await this.#open(`/events?filters=${FILTERS}`, signal);
    if (answer.statusCode !== 200) throw this.#refused(answer.statusCode);
    yield undefined;
    let rest = "";
    try {
      for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) {
        rest += chunk;
        for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
          const line = rest.slice(0, end).trim();
          rest = rest.slice(end + 1);
          if (line !== "") yield this.#idOf(line);
        }
        if (rest.length > LONGEST_EVENT) throw this.#bad(`an event of more than ${LONGEST_EVENT} characters`);
      }
    } catch (error) {
      throw this.#failed(error);
    } finally {
      answer.destroy();
    }
  }

  close(): void {}

  #idOf(line: string): string {
    const { id, Actor } = this.#parse(event(), line, "an event");
    return Actor?.ID ?? id ?? "";
  }

  /** Undefined: the engine has no such thing. */
  async #get<T extends z.ZodType>(path: string, schema: T, signal: AbortSignal): Promise<z.output<T> | undefined> {
    const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const answer = await this.#open(path, either);
    let body = "";
    try {
      for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) {
        body += chunk;
        if (body.length > LONGEST_ANSWER) throw this.#bad(`an answer of more than ${LONGEST_ANSWER} characters`);
      }
    } catch (error) {
      throw this.#failed(error);
    } finally {
      answer.destroy();
    }
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode !== 200) throw this.#refused(answer.statusCode);
    return this.#parse(schema, body, `an answer to ${path}`);
  }

  #open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = {
        socketPath: this.path,
        path: `${VERSION}${path}`,
        headers: { host: "docker" },
        agent: false,
        signal,
      };
      const asked = request(options, resolve);
      asked.on("error", (error) => reject(this.#failed(error)));
      asked.end();
    });
  }

  #parse<T extends z.ZodType>(schema: T, json: string, what: string): z.output<T> {
    try {
      return schema.parse(JSON.parse(json));
    } catch (cause) {
      throw this.#bad(`what is not ${what}`, cause);
    }
  }

  #bad(what: string, cause?: unknown): PuntError {
    const message = `the container engine at ${this.path} sends ${what}`;
    return new PuntError(OP, "ERR_CONTAINER_ENGINE", message, { path: this.path }, cause);
  }

  #refused(status: number | undefined): PuntError {
    return new PuntError(OP, "ERR_CONTAINER_ENGINE", `the container engine at ${this.path} answers ${status}`, {
      path: this.path,
    });
  }

  #failed(error: unknown): PuntError {
    if (error instanceof PuntError) return error;
    const { code, name, message } = error as NodeJS.ErrnoException;
    const word = /^E[A-Z]+$/.test(code ?? "") ? code! : "ERR_CONTAINER_ENGINE";
    const why = name === "TimeoutError" || code === "ABORT_ERR" ? "it does not answer" : message;
    return new PuntError(OP, word, `the container engine at ${this.path}: ${why}`, { path: this.path }, error);
  }
}
