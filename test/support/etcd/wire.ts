// A wire to etcd that can be cut: connections stay open and carry nothing, as behind a dead link.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { ExecutionContext } from "ava";

export class EtcdWire {
  readonly url: string;
  readonly #sockets: Set<Socket>;
  /** How many connections were opened. */
  opened = 0;
  #isCut = false;

  private constructor(url: string, sockets: Set<Socket>) {
    this.url = url;
    this.#sockets = sockets;
  }

  /** Opens a wire to the etcd at `url`. */
  static async open(t: Pick<ExecutionContext, "teardown">, url: string): Promise<EtcdWire> {
    const { hostname, port } = new URL(url);
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      wire.opened++;
      if (wire.#isCut) return void near.destroy();
      const far = connect(Number(port), hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.teardown(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const wire = new EtcdWire(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets);
    return wire;
  }

  /** Breaks every connection. New ones are made at once. */
  break(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks every connection. There are no new ones before `join`. */
  cut(): void {
    this.#isCut = true;
    this.break();
  }

  join(): void {
    this.#isCut = false;
  }
}
