// Checks that VPP has the plugins that punts need: a package of VPP may lack them.
import { FEATURE_NEEDS, type FeatureNeeds } from "../../punt/index.js";
import type { Check, Finding } from "./check.js";
import { disabledPlugins } from "./startup-conf.js";

/** The plugins that every supported VPP loads, unless its configuration or its installation leaves them out. It loads linux_cp on demand. */
const STOCK = Object.values<FeatureNeeds>(FEATURE_NEEDS).flatMap(({ plugin, stock }) =>
  stock && plugin && plugin !== "linux_cp" ? [plugin] : [],
);

export const plugins: Check = {
  name: "plugins",
  async run(machine) {
    const { features = [] } = (await machine.askFeatures()) ?? {};
    const disabled = disabledPlugins(machine);
    const missing = features.filter(({ code, feature }) => {
      const { plugin = "" }: FeatureNeeds = FEATURE_NEEDS[feature];
      return code === "ERR_PLUGIN_MISSING" && STOCK.includes(plugin) && !disabled.has(plugin);
    });
    return missing.map(({ reason, use }): Finding => {
      return {
        level: "problem",
        what: `${reason}`,
        why: `it is needed for ${use}`,
        remedy:
          "apt-get install vpp-plugin-core; then systemctl restart vpp. `vppctl show plugins` lists the loaded plugins",
      };
    });
  },
};
