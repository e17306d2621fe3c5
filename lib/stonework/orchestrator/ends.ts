// The CNF's ends of interconnects as StoneWork describes them to a CNF: items of Linux's and of VPP's interfaces.
import { create } from "@bufbuild/protobuf";
import type { InterconnectMetadata, PuntRequest } from "../../punt/index.js";
import type { Item } from "../gen/ligato/generic/manager_pb.js";
import {
  InterfaceSchema as LinuxInterfaceSchema,
  Interface_Type as LinuxType,
} from "../gen/ligato/linux/interfaces/interface_pb.js";
import {
  InterfaceSchema as VppInterfaceSchema,
  Interface_Type as VppType,
} from "../gen/ligato/vpp/interfaces/interface_pb.js";
import { modelOf, packItem } from "../model.js";

/** Returns the items of one interconnect of a punt; none for AF_UNIX. */
export function endsOf({ attachment, cnfInterface }: InterconnectMetadata, request: PuntRequest): Item[] {
  if (cnfInterface === undefined) return [];
  const { name, mac, addresses, vrf, vrfName } = cnfInterface;
  const ipAddresses = [...addresses];
  if (attachment.kind === "memif") {
    const { socket: socketFilename, secret, id } = attachment;
    const mtu = mtuOf(name, request);
    const basis = { name, type: VppType.MEMIF, enabled: true, physAddress: mac, ipAddresses, vrf, mtu };
    const link = { case: "memif" as const, value: { id, socketFilename, secret } };
    return [packItem(modelOf(VppInterfaceSchema), create(VppInterfaceSchema, { ...basis, link }))];
  }
  // The device is there already, with its addresses: the CNF configures nothing and waits for nothing.
  const existing = { type: LinuxType.EXISTING, enabled: true, linkOnly: true };
  const device = { name, ...existing, ipAddresses, vrfMasterInterface: vrfName };
  const vrfDevice = { name: vrfName, ...existing };
  return [...(vrfName === "" ? [] : [vrfDevice]), device].map((each) =>
    packItem(modelOf(LinuxInterfaceSchema), create(LinuxInterfaceSchema, each)),
  );
}

/** Returns the MTU that a request gives to the interconnect of that name; 0 without one. */
function mtuOf(name: string, request: PuntRequest): number {
  const made = "hairpinInterface" in request ? request.hairpinInterface : undefined;
  return made?.name === name ? (made.mtu ?? 0) : 0;
}

/** One text for an item's identity. */
export function itemId({ id }: Item): string {
  return `${id?.model}/${id?.name}`;
}
