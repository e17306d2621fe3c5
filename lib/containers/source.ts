// The engine, as a watch of containers sees it.
import type { RunningContainer } from "./container.js";

/** An engine that runs containers. Errors are PuntErrors: `ERR_CONTAINER_ENGINE`, or an errno name. */
export interface ContainerSource {
  /** Path of its socket. */
  readonly path: string;
  /** Returns the ids of the running containers. */
  running(signal: AbortSignal): Promise<readonly string[]>;
  /** Returns a container, or undefined if it does not run. */
  inspect(id: string, signal: AbortSignal): Promise<RunningContainer | undefined>;
  /** Gives `undefined` where all containers are to be read, and the id of a container that has changed. Ends with the engine. */
  events(signal: AbortSignal): AsyncGenerator<string | undefined, void>;
  /** Ends its connections. */
  close(): void;
}
