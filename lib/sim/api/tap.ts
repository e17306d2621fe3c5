// tapv2.api: TAPs of VPP and of linux-cp.
import { LowestFree } from "../../lowest-free.js";
import { formatMac } from "../../net/index.js";
import { parseMac, randomMac, type SwInterface } from "../dataplane/index.js";
import type { HostDevice } from "../devices/index.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";

const ANY_ID = 0xffffffff;
const LARGEST_ID = 0xffff;
/** TAPs of linux-cp are numbered from here. */
const FIRST_LCP_ID = 4096;
const TUN_FLAG = "TAP_API_FLAG_TUN";

interface CreateArgs {
  id: number;
  use_random_mac: boolean;
  mac_address: string;
  tx_ring_sz: number;
  rx_ring_sz: number;
  host_mtu_set: boolean;
  host_mtu_size: number;
  host_mac_addr_set: boolean;
  host_mac_addr: string;
  host_ip4_prefix_set: boolean;
  host_ip4_prefix: string;
  host_ip6_prefix_set: boolean;
  host_ip6_prefix: string;
  host_ip4_gw_set: boolean;
  host_ip4_gw: string;
  host_ip6_gw_set: boolean;
  host_ip6_gw: string;
  tap_flags: (string | number)[] | number;
  host_namespace_set: boolean;
  host_namespace: string;
  host_if_name_set: boolean;
  host_if_name: string;
  host_bridge_set: boolean;
  host_bridge: string;
  tag: string;
}

interface Tap {
  id: number;
  args: CreateArgs;
  link: HostDevice;
}

/** The TAP interfaces of this VPP, including the TAPs of linux-cp. */
export class Taps {
  readonly byInterface = new Map<SwInterface, Tap>();
  /** The ids in use, for TAPs that VPP numbers from 0, and for those of linux-cp. */
  readonly #ids = [new LowestFree(), new LowestFree(FIRST_LCP_ID)] as const;
  readonly #context: ApiContext;

  constructor(context: ApiContext) {
    this.#context = context;
  }

  async create(
    args: CreateArgs,
    maker: "tap" | "linux-cp" = "tap",
  ): Promise<{ swInterface: SwInterface; link: HostDevice }> {
    const id = args.id === ANY_ID ? this.#ids[maker === "tap" ? 0 : 1].lowest() : args.id;
    if (this.#ids[0].has(id)) throw new VnetError("INVALID_INTERFACE", `interface tap${id} already exists`);
    if (id > LARGEST_ID) throw new VnetError("UNSPECIFIED", `TAP id ${id} is above ${LARGEST_ID}`);
    for (const ids of this.#ids) ids.take(id);
    try {
      return await this.#build(id, args);
    } catch (error) {
      for (const ids of this.#ids) ids.release(id);
      throw error;
    }
  }

  delete(swInterface: SwInterface): void {
    const tap = this.byInterface.get(swInterface);
    if (tap === undefined) {
      throw new VnetError("INVALID_SW_IF_INDEX", `interface ${swInterface.swIfIndex} is not a TAP`);
    }
    this.#context.dp.interfaces.delete(swInterface);
  }

  /** Forgets a TAP whose interface is gone, whether this API or linux-cp deleted it. */
  forget(swInterface: SwInterface): void {
    const tap = this.byInterface.get(swInterface);
    if (tap === undefined) return;
    this.byInterface.delete(swInterface);
    for (const ids of this.#ids) ids.release(tap.id);
  }

  async #build(id: number, args: CreateArgs) {
    const { dp, devices } = this.#context;
    const isTun = Array.isArray(args.tap_flags) && args.tap_flags.includes(TUN_FLAG);
    const link = await devices.tap({
      hostName: args.host_if_name_set ? args.host_if_name : `tap${id}`,
      namespace: args.host_namespace_set ? args.host_namespace : "",
      hostMac: args.host_mac_addr_set ? parseMac(args.host_mac_addr) : randomMac(),
      addresses: [
        ...(args.host_ip4_prefix_set ? [args.host_ip4_prefix] : []),
        ...(args.host_ip6_prefix_set ? [args.host_ip6_prefix] : []),
      ],
      gateways: [
        ...(args.host_ip4_gw_set ? [args.host_ip4_gw] : []),
        ...(args.host_ip6_gw_set ? [args.host_ip6_gw] : []),
      ],
      mtu: args.host_mtu_set ? args.host_mtu_size : 0,
      bridge: args.host_bridge_set ? args.host_bridge : "",
      isTun,
    });
    const mac = isTun ? undefined : args.use_random_mac ? randomMac() : parseMac(args.mac_address);
    const swInterface = dp.createInterface(`${isTun ? "tun" : "tap"}${id}`, mac, link.device);
    link.attach(swInterface);
    this.byInterface.set(swInterface, { id, args, link });
    swInterface.tag = args.tag;
    dp.interfaces.setLink(swInterface, true);
    return { swInterface, link };
  }
}

/** A TAP as linux-cp makes it, and the defaults of `tap_create_v3`. */
export function tapArgs(args: Partial<CreateArgs>): CreateArgs {
  return {
    id: ANY_ID,
    use_random_mac: true,
    mac_address: "",
    tx_ring_sz: 256,
    rx_ring_sz: 256,
    host_mtu_set: false,
    host_mtu_size: 0,
    host_mac_addr_set: false,
    host_mac_addr: "",
    host_ip4_prefix_set: false,
    host_ip4_prefix: "",
    host_ip6_prefix_set: false,
    host_ip6_prefix: "",
    host_ip4_gw_set: false,
    host_ip4_gw: "",
    host_ip6_gw_set: false,
    host_ip6_gw: "",
    tap_flags: [],
    host_namespace_set: false,
    host_namespace: "",
    host_if_name_set: false,
    host_if_name: "",
    host_bridge_set: false,
    host_bridge: "",
    tag: "",
    ...args,
  };
}

/** tapv2.api. */
export function registerTap(context: ApiContext, taps: Taps): void {
  const { registry, dp } = context;
  dp.interfaces.onChange((swInterface, change) => {
    if (change === "delete") taps.forget(swInterface);
  });
  for (const name of ["tap_create_v2", "tap_create_v3"]) {
    registry.reply<CreateArgs>(
      name,
      async (args) => ({ sw_if_index: (await taps.create(args)).swInterface.swIfIndex }),
      { sw_if_index: 0xffffffff },
    );
  }
  registry.reply<{ sw_if_index: number }>("tap_delete_v2", ({ sw_if_index }) => {
    taps.delete(dp.interfaces.get(sw_if_index));
  });
  registry.dump<{ sw_if_index: number }>("sw_interface_tap_v2_dump", function* ({ sw_if_index }) {
    if (sw_if_index === 0xffffffff) for (const [swInterface, tap] of taps.byInterface) yield details(swInterface, tap);
    for (const swInterface of sw_if_index === 0xffffffff ? [] : dp.interfaces.select(sw_if_index)) {
      const tap = taps.byInterface.get(swInterface);
      if (tap !== undefined) yield details(swInterface, tap);
    }
  });
}

function details(swInterface: SwInterface, { id, args, link }: Tap) {
  return {
    sw_if_index: swInterface.swIfIndex,
    id,
    tx_ring_sz: args.tx_ring_sz || 256,
    rx_ring_sz: args.rx_ring_sz || 256,
    host_mtu_size: args.host_mtu_set ? args.host_mtu_size : 0,
    host_mac_addr: formatMac(link.mac),
    host_ip4_prefix: args.host_ip4_prefix_set ? args.host_ip4_prefix : "0.0.0.0/0",
    host_ip6_prefix: args.host_ip6_prefix_set ? args.host_ip6_prefix : "::/0",
    tap_flags: args.tap_flags,
    dev_name: swInterface.name,
    host_if_name: link.name,
    host_namespace: link.namespace,
    host_bridge: args.host_bridge_set ? args.host_bridge : "",
  };
}
