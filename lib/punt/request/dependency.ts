// The things that the caller of a punt makes it wait for.
import * as z from "zod";
import { addressFamily, interfaceAddress, vppInterface, vrf } from "./fields.js";

const SHAPES =
  '{ kind: "interface" or "link-up", name }, { kind: "address", name, address }, { kind: "interface-in-vrf", name, vrf, af }, { kind: "vrf", vrf, af } or { kind: "container", name }';

const containerName = z
  .string()
  .regex(/^(container|microservice|pod|label):[^\s\0]+$/, "container:, microservice:, pod: or label: and a name")
  .max(1024);

export const dependency = z.union(
  [
    z.strictObject({ kind: z.literal("interface"), name: vppInterface }),
    z.strictObject({ kind: z.literal("link-up"), name: vppInterface }),
    // Without an address any one will do.
    z.strictObject({ kind: z.literal("address"), name: vppInterface, address: interfaceAddress.optional() }),
    // Without a family either one will do.
    z.strictObject({ kind: z.literal("interface-in-vrf"), name: vppInterface, vrf, af: addressFamily.optional() }),
    z.strictObject({ kind: z.literal("vrf"), vrf, af: addressFamily.default("IPV4") }),
    z.strictObject({ kind: z.literal("container"), name: containerName }),
  ],
  SHAPES,
);

/** A thing that the caller of a punt makes it wait for. */
export type Dependency = z.output<typeof dependency>;
