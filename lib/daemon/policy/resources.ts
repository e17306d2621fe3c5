// What a request is about in VPP's terms: interfaces by VPP's own name, and the VRFs that they are in.
import { PuntError } from "../../errors.js";
import { type PuntRequest, reachOf, type VppApi } from "../../punt/index.js";
import type { InterfaceTable, TableInterface } from "../../vpp/index.js";

/** Finds what requests name. */
export class Resolver {
  readonly #table: InterfaceTable;
  readonly #vpp: Pick<VppApi, "call">;

  constructor(table: InterfaceTable, vpp: Pick<VppApi, "call">) {
    this.#table = table;
    this.#vpp = vpp;
  }

  /**
   * Returns the interfaces that the request names, and their VRFs.
   *
   * @throws PuntError ERR_UNRESOLVED: VPP is away, or has no such interface yet: a rule about interfaces cannot be judged
   */
  async resolve(request: PuntRequest): Promise<{ interfaces: string[]; vrfs: number[] }> {
    const names = reachOf(request).interfaces;
    if (names.length === 0) return { interfaces: [], vrfs: [] };
    await this.#table.refresh().catch(() => {});
    const found = names.map((name) => this.#find(name));
    const vrfs = await Promise.all(
      found.flatMap(({ swIfIndex }) => [false, true].map((v6) => this.#vrf(swIfIndex, v6))),
    );
    return { interfaces: found.map(({ name }) => name), vrfs: [...new Set(vrfs)] };
  }

  #find(name: string): TableInterface {
    const found = this.#table.find(name);
    if (found) return found;
    const why = this.#table.isConnected ? `VPP has no interface ${name}` : "VPP is away";
    const message = `${why}: whether the policy allows the punt cannot be said until it is there`;
    throw new PuntError("punt.add", "ERR_UNRESOLVED", message, { interface: name });
  }

  async #vrf(swIfIndex: number, isIpv6: boolean): Promise<number> {
    const { vrf_id: vrf } = await this.#vpp.call("sw_interface_get_table", { sw_if_index: swIfIndex, is_ipv6: isIpv6 });
    return vrf;
  }
}
