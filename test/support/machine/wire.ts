// A network that can be cut without a word: nothing passes, and neither end hears of it.
import { connect, createServer, type Socket } from "node:net";
import type { ExecutionContext } from "ava";

/** Passes connections on until it is cut: then nothing passes, and neither end hears of it. */
export class Wire {
  port = 0;
  #isCut = false;
  readonly #open = new Set<Socket>();

  static async to(t: ExecutionContext, target: number): Promise<Wire> {
    const wire = new Wire();
    const server = createServer((near) => {
      if (wire.#isCut) return void wire.#open.add(near);
      const far = connect(target, "127.0.0.1");
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        wire.#open.add(from);
        from.on("data", (bytes: Buffer) => wire.#isCut || to.write(bytes));
        from.on("close", () => wire.#isCut || to.destroy()).on("error", () => {});
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    wire.port = (server.address() as { port: number }).port;
    t.teardown(() => {
      wire.heal();
      server.close();
    });
    return wire;
  }

  cut(): void {
    this.#isCut = true;
  }

  /** New connections pass again. Old ones are gone, as after a long cut. */
  heal(): void {
    this.#isCut = false;
    for (const socket of this.#open) socket.destroy();
    this.#open.clear();
  }
}
