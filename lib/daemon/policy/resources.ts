// The subject of a request in VPP's terms: interfaces by VPP's own name, and the VRFs that they are in.
import type { PuntError } from "../../errors.js";
import { type PuntRequest, reachOf, type VppApi } from "../../punt/index.js";
import type { InterfaceTable } from "../../vpp/index.js";
import type { NamedInterface, Resources } from "./judge.js";

type Found = Pick<Resources, "interfaces" | "vrfs" | "isVppThere">;

/** Of a request that names no interface. */
export const NOTHING: Found = { interfaces: [], vrfs: [], isVppThere: true };

/** Finds what requests name. */
export class Resolver {
  readonly #table: InterfaceTable;
  readonly #vpp: Pick<VppApi, "call">;

  constructor(table: InterfaceTable, vpp: Pick<VppApi, "call">) {
    this.#table = table;
    this.#vpp = vpp;
  }

  /** Returns the interfaces that the request names, and the VRFs of the punted interfaces. `isFresh`: VPP's interfaces were read for the same call. */
  async resolve(request: PuntRequest, isFresh = false): Promise<Found> {
    const used = reachOf(request).interfaces;
    const awaited = (request.dependsOn ?? []).flatMap((each) =>
      "name" in each && each.kind !== "container" ? [each.name] : [],
    );
    if (used.length + awaited.length === 0) return NOTHING;
    // An interface may be deleted between the two questions of a look; the next one does not find it.
    return this.#look(used, awaited, isFresh).catch((error: PuntError) => {
      if (error.code === "VPP_INVALID_SW_IF_INDEX") return this.#look(used, awaited, false);
      throw error;
    });
  }

  async #look(used: readonly string[], awaited: readonly string[], isFresh: boolean): Promise<Found> {
    if (!isFresh) await this.#table.refresh().catch(() => {});
    const isVppThere = this.#table.isConnected;
    const indices = used.flatMap((name) => this.#table.find(name)?.swIfIndex ?? []);
    const vrfs = await Promise.all(indices.flatMap((index) => [false, true].map((v6) => this.#vrf(index, v6))));
    const named = [...used.map((name) => this.#named(name, false)), ...awaited.map((name) => this.#named(name, true))];
    return { interfaces: named, vrfs: [...new Set(vrfs)], isVppThere };
  }

  #named(written: string, isDependency: boolean): NamedInterface {
    return { written, name: this.#table.find(written)?.name, isDependency };
  }

  async #vrf(swIfIndex: number, isIpv6: boolean): Promise<number> {
    const { vrf_id: vrf } = await this.#vpp.call("sw_interface_get_table", { sw_if_index: swIfIndex, is_ipv6: isIpv6 });
    return vrf;
  }
}
