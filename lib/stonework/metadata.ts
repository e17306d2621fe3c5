// Translates the metadata of punts between StoneWork's form and ours.

import { join } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Attachment, InterconnectMetadata, InterfaceMetadata, PuntId, PuntMetadata } from "../punt/index.js";
import {
  type PuntID,
  type PuntMetadata_Interconnect,
  type PuntMetadata_Interface,
  type PuntMetadata_InterfaceSchema,
  PuntMetadataSchema,
  type PuntMetadata as WireMetadata,
} from "./gen/puntmgr/puntmgr_pb.js";
import type { PuntPaths } from "./paths.js";

/** Every memif of StoneWork's has this id. */
const MEMIF_ID = 1;

export function idFromWire({ cnfMsLabel, key, label }: PuntID): PuntId {
  return { cnf: cnfMsLabel, key, label };
}

/** Metadata of a punt as a CNF learns it from StoneWork: without the punt's type and caveats, which have no word on the wire. */
export type LearntMetadata = Omit<PuntMetadata, "type" | "caveats">;

/** Translates metadata that StoneWork sent. The selectors say what to open; `paths` says where StoneWork's sockets are. */
export function metadataFromWire({ id, interconnects }: WireMetadata, paths: PuntPaths): LearntMetadata {
  return {
    id: id === undefined ? { cnf: "", key: "", label: "" } : idFromWire(id),
    interconnects: interconnects.map((interconnect) => interconnectFromWire(interconnect, paths)),
  };
}

function interconnectFromWire(interconnect: PuntMetadata_Interconnect, paths: PuntPaths): InterconnectMetadata {
  const { id, vppInterface, cnfInterface, shared } = interconnect;
  const { vppSelector = "", cnfSelector = "" } = id ?? {};
  const attachment = attachmentOf(cnfSelector, cnfInterface?.name ?? "", paths);
  return {
    type: { memif: "MEMIF", tap: "TAP", "af-unix": "AF_UNIX" }[attachment.kind] as InterconnectMetadata["type"],
    vppSelector,
    cnfSelector,
    shared,
    attachment,
    ...(vppInterface && { vppInterface: interfaceFromWire(vppInterface) }),
    ...(cnfInterface && { cnfInterface: interfaceFromWire(cnfInterface) }),
  };
}

function interfaceFromWire(wire: PuntMetadata_Interface): InterfaceMetadata {
  const { name, physAddress: mac, ipAddresses: addresses, vrfRT: vrf, vrfName } = wire;
  return { name, mac, addresses, vrf, vrfName };
}

/** StoneWork names a memif's socket and secret after the letters of its selector. A TAP is in the CNF's own namespace. */
function attachmentOf(cnfSelector: string, device: string, paths: PuntPaths): Attachment {
  const [kind, rest = ""] = cnfSelector.split(/::(.*)/s);
  if (kind === "memif") {
    const socket = join(paths.memifDirectory, `memif-${rest}.sock`);
    return { kind: "memif", socket, id: MEMIF_ID, secret: rest };
  }
  if (kind === "af-unix") return { kind: "af-unix", path: rest, vppPath: paths.vppPuntSocket };
  return { kind: "tap", name: device, namespace: "" };
}

/** Translates our metadata into what StoneWork tells a CNF. */
export function metadataToWire({ id, interconnects }: PuntMetadata): WireMetadata {
  return create(PuntMetadataSchema, {
    id: { cnfMsLabel: id.cnf, key: id.key, label: id.label },
    interconnects: interconnects.map(({ vppSelector, cnfSelector, vppInterface, cnfInterface, shared }) => ({
      id: { vppSelector, cnfSelector },
      shared,
      ...(vppInterface && { vppInterface: interfaceToWire(vppInterface) }),
      ...(cnfInterface && { cnfInterface: interfaceToWire(cnfInterface) }),
    })),
  });
}

function interfaceToWire({
  name,
  mac,
  addresses,
  vrf,
  vrfName,
}: InterfaceMetadata): MessageInitShape<typeof PuntMetadata_InterfaceSchema> {
  return { name, physAddress: mac, ipAddresses: [...addresses], vrfRT: vrf, vrfName };
}
