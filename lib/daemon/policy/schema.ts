// The policy file: YAML, checked whole, with every error and its line.
import type { Document, LineCounter } from "yaml";
import type * as z from "zod";
import { PuntError, yamlErrorText } from "../../errors.js";
import { readBytes, unreadable } from "../../files/index.js";
import { lazily, yaml, zod } from "../../lazily.js";
import { type Prefix, parseNetwork } from "../../net/index.js";
import { PUNT_TYPES } from "../../punt/index.js";
import { checkShape } from "../../shapes.js";

const OP = "daemon.policy";

const oneOrMore = <T extends z.ZodType>(value: T) =>
  zod().union([value.transform((only) => [only]), zod().array(value).min(1, "an empty list matches nothing")]);
const pattern = lazily(() =>
  zod().string().min(1).max(255).describe("A name; '*' stands for any characters, '?' for one"),
);
const id = lazily(() => zod().int().min(0).max(0xffff_ffff));

const portRange = lazily(() =>
  zod()
    .union([
      zod().int().min(0).max(65535),
      zod()
        .string()
        .regex(/^\d{1,5}(-\d{1,5})?$/, 'a port, or a range such as "1000-2000"'),
    ])
    .transform((value) => {
      const [first, last = first] = String(value).split("-").map(Number) as [number, number?];
      return { first, last };
    })
    .refine(({ first, last }) => first <= last && last <= 65535, "ports go from 0 to 65535, the lower one first"),
);

const network = lazily(() =>
  zod()
    .string()
    .transform((text, context): Prefix => {
      const found = parseNetwork(text);
      if (found) return found;
      context.addIssue({ code: "custom", message: 'must be an IP address, or a network such as "172.18.0.0/16"' });
      return zod().NEVER;
    }),
);

const type = lazily(() => zod().enum(PUNT_TYPES));

const match = lazily(() =>
  zod()
    .strictObject({
      uid: oneOrMore(id()).optional(),
      gid: oneOrMore(id()).optional().describe("Primary or supplementary group"),
      socket: oneOrMore(pattern()).optional().describe("Path of the daemon's socket that the caller came by"),
      san: oneOrMore(pattern())
        .optional()
        .describe(
          "Subject alternative name of a certificate, as the pattern's form says: DNS name, URI, mail or IP address",
        ),
      address: oneOrMore(network())
        .optional()
        .describe("IP address or network of a CNF of StoneWork's, or of a caller of StoneWork's ports"),
    })
    .refine((each) => Object.values(each).some(Boolean), "one of uid, gid, socket, san and address has to be given")
    .refine(
      (each) => each.san === undefined || !(each.uid || each.gid || each.socket),
      "san does not go with uid, gid and socket",
    )
    .refine(
      (each) => each.address === undefined || !(each.gid || each.socket || each.san),
      "address does not go with gid, socket and san",
    ),
);

const ruleSchema = lazily(() =>
  zod().strictObject({
    name: zod().string().min(1).max(63).describe("What refusals and the audit log call the rule"),
    match: match(),
    operator: zod().boolean().default(false).describe("Sees and changes the punts of all CNFs"),
    hosts: oneOrMore(pattern())
      .optional()
      .describe("Hosts in etcd that an operator may reach besides the daemon's own"),
    readOnly: zod().boolean().default(false).describe("Sees, and changes nothing"),
    cnfs: oneOrMore(pattern()).default([]).describe("Labels of the CNFs that the caller may be"),
    types: oneOrMore(type()).optional(),
    interconnects: oneOrMore(zod().enum(["TAP", "MEMIF", "AF_UNIX"])).optional(),
    interfaces: oneOrMore(pattern()).optional().describe("VPP's own names of interfaces"),
    vrfs: oneOrMore(id()).optional(),
    ports: oneOrMore(portRange()).optional().describe("UDP and TCP ports that may be punted"),
    netns: oneOrMore(pattern())
      .optional()
      .describe(
        "Network namespaces by path or name, in folders that the caller may not write: links are followed. Default: the caller's own only",
      ),
    socketPaths: oneOrMore(pattern())
      .optional()
      .describe(
        "Paths of punt sockets, in folders that no other CNF may write: VPP follows links. Default: sockets that the daemon makes",
      ),
    models: oneOrMore(pattern())
      .optional()
      .describe(
        "Models of StoneWork's that its CNFs may have, such as mock1.mock-type. Default: all models that no other CNF has",
      ),
    count: zod().int().min(0).optional().describe("The most punts that the CNFs of the rule may have together"),
  }),
);

const policySchema = lazily(() =>
  zod()
    .strictObject({ rules: zod().array(ruleSchema()) })
    .superRefine(({ rules }, context) => {
      for (const [index, { name }] of rules.entries())
        if (rules.findIndex((each) => each.name === name) !== index)
          context.addIssue({
            code: "custom",
            path: ["rules", index, "name"],
            message: `"${name}" names another rule too`,
          });
    }),
);

/** A rule of a policy, with defaults filled in. */
export type Rule = z.output<ReturnType<typeof ruleSchema>>;

/** One thing that is wrong in a policy file. */
export interface PolicyIssue {
  readonly line: number;
  readonly field: string;
  readonly message: string;
}

/**
 * Reads a policy file.
 *
 * @throws PuntError an errno name: the file cannot be read; ERR_POLICY_FILE: `details.issues` lists everything that is wrong,
 * each with its line
 * @example
 * ```ts
 * import { loadPolicy } from "vpp-punt/daemon";
 *
 * for (const { name, cnfs } of await loadPolicy("/etc/vpp-punt/policy.yaml")) console.log(name, cnfs);
 * ```
 */
export async function loadPolicy(path: string): Promise<readonly Rule[]> {
  let text: string;
  try {
    text = (await readBytes(path)).toString("utf8");
  } catch (cause) {
    throw unreadable(OP, path, cause);
  }
  return parsePolicy(text, path);
}

/**
 * Reads a policy; `name` is what errors call it.
 *
 * @throws PuntError ERR_POLICY_FILE
 * @example
 * ```ts
 * import { parsePolicy } from "vpp-punt/daemon";
 *
 * const rules = parsePolicy("rules: [{ name: dns, match: { uid: 10053 }, cnfs: dns* }]", "policy.yaml");
 * console.log(rules[0]?.name); // dns
 * ```
 */
export function parsePolicy(text: string, name: string): readonly Rule[] {
  const lines = new (yaml().LineCounter)();
  const document = yaml().parseDocument(text, { lineCounter: lines, logLevel: "error" });
  const broken = document.errors.map((error) => {
    return { line: lines.linePos(error.pos[0]).line, field: "", message: yamlErrorText(error) };
  });
  if (broken.length > 0) throw invalid(name, broken);
  const result = checkShape(policySchema(), contentOf(document, name));
  if (result.success) return result.data.rules;
  throw invalid(
    name,
    result.error.issues.flatMap((issue) => issuesOf(issue, (path) => lineOf(document, lines, path))),
  );
}

/** Aliases are resolved only here: one without its anchor, or a "billion laughs", is found now. */
function contentOf(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw invalid(name, [{ line: 1, field: "", message: (cause as Error).message }]);
  }
}

function issuesOf(issue: z.core.$ZodIssue, line: (path: readonly PropertyKey[]) => number): PolicyIssue[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { line: line(path), field: fieldName(path), message: "is not a field of a policy" };
    });
  }
  return [{ line: line(issue.path), field: fieldName(issue.path), message: messageOf(issue) }];
}

/** A union names no alternative of its own: the last one, which takes a list, says more than "invalid input". */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") {
    const inner = issue.errors.flat().at(0);
    if (inner) return inner.message;
  }
  return issue.code === "invalid_type" && issue.message.endsWith("received undefined") ? "is missing" : issue.message;
}

/** Returns the line of a field, or of the nearest thing around it that is there. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function invalid(path: string, issues: readonly PolicyIssue[]): PuntError {
  const text = issues.map(
    ({ line, field, message }) => `${path}:${line}: ${field === "" ? message : `${field}: ${message}`}`,
  );
  return new PuntError(OP, "ERR_POLICY_FILE", text.join("; "), { path, issues });
}
