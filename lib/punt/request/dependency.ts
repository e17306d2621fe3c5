// The things that the caller of a punt makes it wait for.
import type * as z from "zod";
import { lazily, zod } from "../../lazily.js";
import { addressFamily, interfaceAddress, vppInterface, vrf } from "./fields.js";

const SHAPES =
  '{ kind: "interface" or "link-up", name }, { kind: "address", name, address }, { kind: "interface-in-vrf", name, vrf, af }, { kind: "vrf", vrf, af } or { kind: "container", name }';

const containerName = lazily(() =>
  zod()
    .string()
    .regex(/^(container|microservice|pod|label):[^\s\0]+$/, "container:, microservice:, pod: or label: and a name")
    .max(1024),
);

export const dependency = lazily(() =>
  zod().union(
    [
      zod().strictObject({ kind: zod().literal("interface"), name: vppInterface() }),
      zod().strictObject({ kind: zod().literal("link-up"), name: vppInterface() }),
      // Without an address any one will do.
      zod().strictObject({
        kind: zod().literal("address"),
        name: vppInterface(),
        address: interfaceAddress().optional(),
      }),
      // Without a family either one will do.
      zod().strictObject({
        kind: zod().literal("interface-in-vrf"),
        name: vppInterface(),
        vrf: vrf(),
        af: addressFamily().optional(),
      }),
      zod().strictObject({ kind: zod().literal("vrf"), vrf: vrf(), af: addressFamily().default("IPV4") }),
      zod().strictObject({ kind: zod().literal("container"), name: containerName() }),
    ],
    SHAPES,
  ),
);

/** A thing that the caller of a punt makes it wait for. */
export type Dependency = z.output<ReturnType<typeof dependency>>;
