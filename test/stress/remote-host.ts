// The Linux side for a manager in another process. Its settings outlive the process, as in Linux.
import type { ChildProcess } from "node:child_process";
import type { Host, HostChange, HostLink } from "../../lib/punt/index.js";

interface Call {
  readonly hostCall: number;
  readonly method: "identify" | "namedNamespaces" | "links" | "change";
  readonly args: unknown[];
}

interface Reply {
  readonly hostReply: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** In the child: sends each call to the parent. */
export class RemoteHost implements Host {
  readonly hasVhostNet = true;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #last = 0;

  constructor() {
    process.on("message", (message: Partial<Reply>) => {
      const waiting = message.hostReply === undefined ? undefined : this.#waiting.get(message.hostReply);
      if (!waiting) return;
      this.#waiting.delete(message.hostReply!);
      if (message.error === undefined) waiting.resolve(message.value as never);
      else waiting.reject(new Error(message.error));
    });
  }

  identify(namespace: string): Promise<string | undefined> {
    return this.#ask("identify", namespace);
  }

  namedNamespaces(): Promise<string[]> {
    return this.#ask("namedNamespaces");
  }

  links(namespace: string): Promise<HostLink[]> {
    return this.#ask("links", namespace);
  }

  change(namespace: string, change: HostChange): Promise<void> {
    return this.#ask("change", namespace, change);
  }

  #ask<T>(method: Call["method"], ...args: unknown[]): Promise<T> {
    const hostCall = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(hostCall, { resolve, reject });
      process.send!({ hostCall, method, args } satisfies Call);
    });
  }
}

/** In the parent: answers the calls of a child with a host. */
export function serveHost(child: ChildProcess, host: Host): void {
  child.on("message", async (message: Partial<Call>) => {
    const { hostCall, method, args } = message;
    if (hostCall === undefined) return;
    const work = (host[method!] as (...args: unknown[]) => Promise<unknown>).apply(host, args!);
    const reply = await work.then(
      (value) => ({ hostReply: hostCall, value }),
      (error: Error) => ({ hostReply: hostCall, error: error.message }),
    );
    if (child.connected) child.send(reply satisfies Reply, () => undefined);
  });
}
