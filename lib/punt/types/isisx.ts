// ISISX: IS-IS of an interface.
import { interfaceLink } from "../interconnect/index.js";
import type { Facts } from "../items/index.js";
import { featureMissing, isisxPart, osiProtoPart, type Problem } from "../items/index.js";
import type { IsisxRequest } from "../request/index.js";
import { missingLayer3 } from "./dependencies.js";
import type { TypeHandler } from "./handler.js";
import { interfaceSelector, namedVrfs } from "./selectors.js";
import { otherInterface } from "./taking.js";

/** IS-IS packets of an interface, both ways. */
export const isisx: TypeHandler<IsisxRequest> = {
  multiplexes: true,

  needs: ({ vppInterface, vrf, withoutCnfVrf, enableGso }) => [
    {
      vppSelector: interfaceSelector(vppInterface),
      link: interfaceLink({ gso: enableGso, vrf, withoutCnfVrf, unnumberedTo: vppInterface }),
    },
  ],

  reach: ({ vppInterface, vrf }) => ({ interfaces: [vppInterface], vrfs: namedVrfs(vrf) }),

  // The plugin keeps one connection for each receiving interface: a second interconnect would take it over silently.
  exclusiveKeys: ({ vppInterface }) => [{ key: `vpp/isisx/${vppInterface}` }],

  mtuFrom: ({ vppInterface }) => vppInterface,

  missing: ({ vppInterface, vrf }, facts) => missingLayer3(vppInterface, vrf, facts),

  items(request, [interconnect], { facts }) {
    const id = facts.interface(request.vppInterface)!.id;
    if (facts.features.has("isisx")) return [isisxPart(id, interconnect.name), isisxPart(interconnect.name, id)];
    if (!usesLinuxCp(request, facts)) throw withoutPlugin(request, facts);
    return [osiProtoPart()];
  },

  takes({ vppInterface }, frame, facts) {
    const other = otherInterface(vppInterface, frame, facts);
    if (other !== undefined) return { stage: "feature", treatment: "passed", why: other };
    if (!frame.isIsis)
      return { stage: "feature", treatment: "passed", why: "the frame is not IS-IS (LLC fe fe 03, then 83)" };
    return { stage: "feature", treatment: "taken", why: `IS-IS that ${vppInterface} receives goes to the CNF` };
  },

  pairedWith: (request, facts) => (usesLinuxCp(request, facts) ? request.vppInterface : undefined),

  caveats(request, facts) {
    if (!usesLinuxCp(request, facts)) return [];
    const remedy = "load the plugin isisx into VPP";
    return [
      {
        code: "MORE_THAN_ISIS",
        text: "ISISX by linux-cp: the TAP is paired with the VPP interface, so it also gets everything else that VPP punts from there, such as packets for its own addresses",
        remedy,
        degrades: false,
      },
      {
        code: "STAYS_ENABLED",
        text: "IS-IS stays enabled in linux-cp after the punt is deleted: VPP has no message to disable it",
        remedy,
        degrades: false,
      },
    ];
  },
};

/** Stock VPP passes IS-IS to a TAP that is paired with the interface. linux-cp creates this TAP itself, with /dev/vhost-net. */
function usesLinuxCp(request: { interconnect: string }, { features }: Facts): boolean {
  const canPair = features.has("linux-cp-osi") && features.has("vhost-net");
  return !features.has("isisx") && request.interconnect === "TAP" && canPair;
}

function withoutPlugin(request: IsisxRequest, facts: Facts): Problem {
  return featureMissing(
    "isisx",
    facts.lacks,
    ` for ISISX over ${request.interconnect}, ${whyNotLinuxCp(request, facts)}`,
  );
}

function whyNotLinuxCp({ interconnect }: IsisxRequest, { features, lacks }: Facts): string {
  if (!features.has("linux-cp-osi")) return `nor the stand-in for it: ${lacks.get("linux-cp-osi")?.text}`;
  if (interconnect !== "TAP") return "and its stand-in linux-cp works over TAP only";
  return "and its stand-in linux-cp needs /dev/vhost-net, which is not here";
}
