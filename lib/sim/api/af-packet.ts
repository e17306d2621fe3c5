// af_packet.api: interfaces of the host, by name.
import { parseMac, randomMac, type SwInterface } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";

interface CreateArgs {
  mode?: string | number;
  hw_addr: string;
  use_random_hw_addr: boolean;
  host_if_name: string;
}

/** af_packet.api: interfaces of the host, by name. */
export function registerAfPacket({ registry, dp, devices }: ApiContext) {
  const byName = new Map<string, SwInterface>();
  dp.interfaces.onChange((swInterface, change) => {
    const name = swInterface.name.slice("host-".length);
    if (change === "delete" && byName.get(name) === swInterface) byName.delete(name);
  });

  const create = async ({ mode, host_if_name, hw_addr, use_random_hw_addr }: CreateArgs) => {
    if (host_if_name === "") throw new VnetError("INVALID_ARGUMENT", "no host interface named");
    // VPP answers with an error, and makes no second interface.
    if (byName.has(host_if_name)) throw new VnetError("IF_ALREADY_EXISTS", `host-${host_if_name} exists already`);
    const link = await devices.afPacket(host_if_name);
    const mac = use_random_hw_addr ? randomMac() : parseMac(hw_addr);
    const swInterface = dp.createInterface(
      `host-${host_if_name}`,
      mode === "AF_PACKET_API_MODE_IP" ? undefined : mac,
      link.device,
    );
    link.attach(swInterface);
    byName.set(host_if_name, swInterface);
    dp.interfaces.setLink(swInterface, true);
    return { sw_if_index: swInterface.swIfIndex };
  };
  for (const name of ["af_packet_create_v2", "af_packet_create_v3"]) registry.reply<CreateArgs>(name, create);

  registry.reply<{ host_if_name: string }>("af_packet_delete", ({ host_if_name }) => {
    const swInterface = byName.get(host_if_name);
    if (swInterface === undefined) throw new VnetError("SYSCALL_ERROR_1", `there is no host-${host_if_name}`);
    dp.interfaces.delete(swInterface);
  });
  registry.dump("af_packet_dump", function* () {
    for (const [name, { swIfIndex }] of byName) yield { sw_if_index: swIfIndex, host_if_name: name };
  });
}
