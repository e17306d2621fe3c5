// An embedded VPP with two network cards, up and addressed, and a client: what most tests of it start from.
import type { ExecutionContext } from "ava";
import { EmbeddedVpp, type EmbeddedVppOptions } from "../../../lib/sim/index.js";
import { ApiClient } from "./api-client.js";

export const ADMIN_UP = ["IF_STATUS_API_FLAG_ADMIN_UP"];

/** MAC addresses of the network cards, and of a host on the wire of each. */
export const MAC = {
  eth0: "02:fc:00:00:00:01",
  eth1: "02:fc:00:00:00:02",
  host0: "02:aa:00:00:00:01",
  host1: "02:bb:00:00:00:01",
};

export class SimTest {
  private constructor(
    readonly vpp: EmbeddedVpp,
    readonly api: ApiClient,
    private readonly t: ExecutionContext,
  ) {}

  /** Closed when the test ends. */
  static async start(t: ExecutionContext, options: EmbeddedVppOptions = {}): Promise<SimTest> {
    const vpp = await EmbeddedVpp.start({ interfaces: ["eth0", "eth1"], ...options });
    const api = await ApiClient.connect(vpp.apiSocket, options.release);
    t.teardown(async () => {
      api.close();
      await vpp.close();
    });
    return new SimTest(vpp, api, t);
  }

  /** A request that must succeed. */
  async ok(name: string, args: Record<string, unknown> = {}) {
    const reply = await this.api.call(name, args);
    this.t.is(reply.retval ?? 0, 0, name);
    return reply;
  }

  /** The retval of a request. */
  async retval(name: string, args: Record<string, unknown> = {}): Promise<number | undefined> {
    return (await this.api.call(name, args)).retval;
  }

  index(name: string): number {
    return this.vpp.interface(name).swIfIndex;
  }

  async up(name: string, ...prefixes: string[]): Promise<number> {
    const sw_if_index = this.index(name);
    await this.ok("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
    for (const prefix of prefixes) {
      await this.ok("sw_interface_add_del_address", { sw_if_index, is_add: true, del_all: false, prefix });
    }
    return sw_if_index;
  }

  /** Returns the frames that leave `out` when these come in on `name`. */
  through(name: string, frames: Uint8Array | Uint8Array[], out = name): Buffer[] {
    const wire = this.vpp.interface(out);
    wire.transmitted();
    this.vpp.interface(name).inject(frames);
    return wire.transmitted().map((frame) => Buffer.from(frame));
  }

  async count(node: string, reason: string): Promise<number> {
    const counters = await this.vpp.counters();
    return counters.find((line) => line.node === node && line.reason === reason)?.count ?? 0;
  }
}
