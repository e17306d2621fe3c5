// The step of a VPP interface: it is there, it is up, and its link is up.
import type { Facts, VppInterface } from "../punt/index.js";
import { fault, ok, type Step, unknown } from "./steps.js";

/** Returns the step of an interface that packets come from. */
export function interfaceStep(name: string, facts: Facts, isShown: (vppName: string) => boolean = () => true): Step {
  const place = `interface ${name}`;
  const found = facts.interface(name);
  if (found === undefined) {
    const names = facts.interfaces.flatMap(({ vppName }) => (isShown(vppName) ? vppName : [])).join(", ");
    return fault(
      place,
      names === ""
        ? "VPP has no interface with this name or tag"
        : `VPP has no interface with this name or tag; it has ${names}`,
      "make it in VPP, or name another one",
    );
  }
  const { vppName, up, linkUp } = found;
  if (!up) return fault(place, "it is down: VPP drops what it receives", `vppctl set interface state ${vppName} up`);
  if (linkUp === false) return fault(place, "it is up, and its link is down", "look at the cable, or at the other end");
  return ok(place, `it is up${aliasOf(name, found)}${addressesOf(found)}`);
}

function aliasOf(name: string, { vppName }: VppInterface): string {
  return vppName === name ? "" : `, VPP calls it ${vppName}`;
}

function addressesOf({ addresses }: VppInterface): string {
  return addresses === undefined || addresses.length === 0 ? "" : `, with ${addresses.join(", ")}`;
}

/** Returns the step of VPP's end of an interconnect. */
export function interconnectStep(name: string, kind: string, where: string, facts: Facts): Step {
  const place = `${kind} ${name}`;
  const found = facts.interfaces.find(({ tag, vppName }) => tag === name || vppName === name);
  if (found === undefined) return fault(place, "VPP does not have it", "wait for the manager, or start one");
  if (!found.up)
    return fault(place, `${found.vppName} is down in VPP`, `vppctl set interface state ${found.vppName} up`);
  if (found.linkUp === undefined) return unknown(place, "the state of its link is not known");
  if (found.linkUp) return ok(place, `${found.vppName} is connected with ${where}`);
  return fault(
    place,
    `no program is connected with ${where}`,
    "start the CNF; `openPunt` and `attach` connect by themselves",
  );
}
