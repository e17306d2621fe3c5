// The fields of requests, each with the checks that VPP, Linux and the file system make.
import type * as z from "zod";
import { lazily, zod } from "../../lazily.js";
import { contains, formatPrefix, IP_PROTOCOL, networkOf, parsePrefix } from "../../net/index.js";

/** Bytes of the longest tag or name of an interface in VPP. */
const LONGEST_VPP_NAME = 63;
/** Bytes of the longest name of a Linux network device. */
export const LONGEST_DEVICE_NAME = 15;
/** Linux's limits for the MTU of a TAP or veth. */
export const LEAST_MTU = 68;
export const LONGEST_MTU = 65_521;
/** Linux's limits: bytes of the name of a file and of a path, and the highest process id. */
const LONGEST_FILE_NAME = 255;
const LONGEST_PATH = 4095;
const HIGHEST_PID = 2 ** 22;
/** Bytes of the longest path of a punt socket: `string[108]` on the wire, with a NUL. */
const LONGEST_SOCKET_PATH = 107;

/** Controls, invisible format characters, line separators and halves of surrogates: two texts could look alike, or change a terminal. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Halves of surrogates have no bytes in UTF-8. */
const HALF = /\p{Cs}/u;

function isVisible(text: string): boolean {
  return !INVISIBLE.test(text);
}

function hasBytes(from: number, to: number) {
  return (text: string) => Buffer.byteLength(text) >= from && Buffer.byteLength(text) <= to;
}

/** An integer in a range. A value outside is one problem, which says the range. */
export function integer(from: number, to: number) {
  const range = `a number from ${from} to ${to}`;
  const error = ({ input }: { readonly input?: unknown }) => (input === undefined ? undefined : range);
  return zod().int({ error, abort: true }).min(from, range).max(to, range);
}

export const label = lazily(() =>
  zod()
    .string()
    .regex(/^[\w.-]{1,63}$/, "1 to 63 letters, digits, '_', '.' or '-'"),
);
export const text = lazily(() =>
  zod().string().max(1024, "longer than 1024 characters").refine(isVisible, "has control or invisible characters"),
);
export const vppInterface = lazily(() =>
  zod()
    .string()
    .regex(/^\S+$/, "an interface's tag or name, without spaces")
    .refine(isVisible, "has control or invisible characters")
    .refine(hasBytes(0, LONGEST_VPP_NAME), `longer than ${LONGEST_VPP_NAME} bytes`)
    .describe("An interface of VPP, by its tag or by VPP's own name"),
);
export const vrf = lazily(() => integer(0, 0xffff_fffe).describe("VRF id: VPP's table id; 0 is the default table"));
export const withoutCnfVrf = lazily(() => zod().boolean().describe("Leave out the Linux VRF device on the CNF's side"));
export const port = lazily(() => integer(0, 0xffff));
export const byte = lazily(() => integer(0, 0xff));
export const addressFamily = lazily(() => zod().enum(["IPV4", "IPV6"]));

export const mac = lazily(() =>
  zod()
    .string()
    .regex(/^([\da-f]{2}:){5}[\da-f]{2}$/i, "six hexadecimal bytes with colons between them")
    .refine(
      (address) => (Number.parseInt(address.slice(0, 2), 16) & 1) === 0,
      "a multicast address cannot be an interface's",
    )
    .refine(
      (address) => !/^[0:]+$/.test(address),
      "VPP takes the zero address for none, and makes another; leave it out",
    )
    .transform((address) => address.toLowerCase()),
);

const prefix = lazily(() =>
  zod()
    .string()
    .transform((value, context) => {
      const parsed = parsePrefix(value);
      if (parsed) return formatPrefix(parsed);
      context.addIssue({ code: "custom", message: "an address with prefix length, such as 10.0.0.1/24 or fd00::1/64" });
      return zod().NEVER;
    }),
);

/** An address for an interface. Linux and VPP make some addresses by themselves; those are refused. */
export const interfaceAddress = lazily(() =>
  prefix().refine(
    (text) => !NOT_OF_INTERFACES.some((network) => contains(network, text.split("/")[0]!)),
    "must be an address that an interface can get: not unspecified, loopback, multicast, broadcast or link-local (VPP makes its own)",
  ),
);

const NOT_OF_INTERFACES = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/128", "::1/128", "fe80::/10", "ff00::/8"].map(
  (text) => parsePrefix(text)!,
);

/** VPP's ACLs refuse a prefix with host bits. */
function withoutHostBits(text: string): string {
  return formatPrefix(networkOf(parsePrefix(text)!));
}

export const network = lazily(() =>
  zod()
    .union(
      [zod().enum(["any", "local", ""]), prefix().transform(withoutHostBits)],
      '"any", "local", "" or a prefix such as 10.0.0.0/8 or fd00::/8',
    )
    .describe(
      '"any" (the default) or "": every address; "local": each address of vppInterface; or a prefix, whose host bits are ignored',
    ),
);

export const range = (value: z.ZodInt) =>
  zod()
    .union(
      [value.transform((only) => ({ first: only, last: only })), zod().strictObject({ first: value, last: value })],
      `a number from ${value.minValue} to ${value.maxValue}, or { first, last } of two`,
    )
    .refine(({ first, last }) => first <= last, "first is greater than last");

const { HOPOPT: ANY, RESERVED: _, ...assigned } = IP_PROTOCOL;
/** IP protocols that a request can give by name. VPP takes 0 as "any". */
export const protocols = { ANY, ...assigned };
export const protocol = lazily(() =>
  zod().union(
    [
      byte(),
      zod()
        .string()
        .toUpperCase()
        .pipe(zod().enum(Object.keys(protocols) as [keyof typeof protocols]))
        .transform((name) => protocols[name]),
      // As the daemon's contract has a number.
      zod()
        .string()
        .regex(/^\d{1,3}$/)
        .transform(Number)
        .pipe(byte()),
    ],
    `a number from 0 to 255, or one of ${Object.keys(protocols).join(", ")}`,
  ),
);

function path(longest: number) {
  return zod()
    .string()
    .regex(/^\/[^\0]*$/, "an absolute path")
    .refine((text) => !HALF.test(text), "is not Unicode")
    .refine(hasBytes(0, longest), `longer than ${longest} bytes`);
}

const netnsName = lazily(() =>
  zod()
    .string()
    .regex(/^(?!\.{1,2}$)[^/\s]+$/, "the name of a network namespace: a file name without spaces")
    .refine(isVisible, "has control or invisible characters")
    .refine(hasBytes(0, LONGEST_FILE_NAME), `longer than ${LONGEST_FILE_NAME} bytes`),
);

export const netns = lazily(() =>
  zod()
    .union(
      [
        zod().strictObject({ name: netnsName() }),
        zod().strictObject({ path: path(LONGEST_PATH) }),
        zod().strictObject({ pid: integer(1, HIGHEST_PID) }),
        zod().strictObject({
          container: zod()
            .string()
            .regex(/^[\w.-]{1,255}$/, "the name or the id of a container"),
        }),
        zod().strictObject({ microservice: label() }),
        zod().strictObject({
          pod: zod()
            .string()
            .regex(/^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/, "<namespace>/<name>"),
        }),
        zod().strictObject({
          label: zod()
            .string()
            .regex(/^[^=,\s\0]+=[^,\0]*(,[^=,\s\0]+=[^,\0]*)*$/, "<key>=<value>,...")
            .max(1024),
        }),
      ],
      "one of { name: <in /run/netns> }, { path: </absolute/path> }, { pid: <number> }, { container: <name or id> }, { microservice: <label> }, { pod: <namespace/name> } and { label: <key=value,...> }",
    )
    .describe(
      "Network namespace of the CNF: by name (/run/netns), by path, by a process in it or by a container. Default: the manager's own",
    ),
);

export const socketPath = lazily(() =>
  path(LONGEST_SOCKET_PATH).refine((text) => !/\/\.{0,2}$/.test(text), "names a folder, not a file"),
);

export const puntReason = lazily(() =>
  zod()
    .string()
    .regex(/^\S+$/, "must be the name of a punt reason of VPP")
    .refine(isVisible, "has control or invisible characters")
    .refine(hasBytes(0, LONGEST_VPP_NAME), `longer than ${LONGEST_VPP_NAME} bytes`),
);
