// The loopbacks of interface.api.
import { LowestFree } from "../../lowest-free.js";
import { parseMac } from "../dataplane/index.js";
import { LoopbackDevice } from "../devices/index.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";

/** Loopbacks that VPP has at most. */
const MOST = 16 * 1024;
const NO_MAC = "00:00:00:00:00:00";

/** create_loopback, create_loopback_instance, delete_loopback. */
export function registerLoopback({ registry, dp }: ApiContext) {
  const instances = new LowestFree();

  const create = (mac: string, wanted?: number) => {
    const instance = wanted ?? instances.lowest();
    if (instance >= MOST) throw new VnetError("INVALID_REGISTRATION", `loop${instance} is beyond the last loopback`);
    if (instances.has(instance)) throw new VnetError("INVALID_REGISTRATION", `loop${instance} exists already`);
    const address = mac === NO_MAC ? Uint8Array.of(0xde, 0xad, 0, 0, 0, instance) : parseMac(mac);
    const device = new LoopbackDevice(dp, instance);
    const swInterface = dp.createInterface(`loop${instance}`, address, device);
    device.attach(swInterface);
    instances.take(instance);
    return { sw_if_index: swInterface.swIfIndex };
  };

  registry.reply<{ mac_address: string }>("create_loopback", ({ mac_address }) => create(mac_address));
  registry.reply<{ mac_address: string; is_specified: boolean; user_instance: number }>(
    "create_loopback_instance",
    ({ mac_address, is_specified, user_instance }) => create(mac_address, is_specified ? user_instance : undefined),
  );
  registry.reply<{ sw_if_index: number }>("delete_loopback", ({ sw_if_index }) => {
    const swInterface = dp.interfaces.find(sw_if_index);
    if (!(swInterface?.device instanceof LoopbackDevice)) {
      throw new VnetError("INVALID_SW_IF_INDEX", `interface ${sw_if_index} is not a loopback`);
    }
    instances.release(swInterface.device.instance);
    dp.interfaces.delete(swInterface);
  });
}
