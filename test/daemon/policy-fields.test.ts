// The fields of a policy, each with what it takes and what it refuses in which words.
import test from "ava";
import { parsePolicy } from "../../lib/daemon/index.js";
import type { PolicyIssue, Rule } from "../../lib/daemon/policy/schema.js";
import type { PuntError } from "../../lib/errors.js";

function ruleWith(more: object): Rule {
  return parsePolicy(JSON.stringify({ rules: [{ name: "one", match: { uid: 1 }, ...more }] }), "p")[0]!;
}

function issueOf(more: object): string {
  try {
    ruleWith(more);
  } catch (error) {
    const { field, message } = (error as PuntError & { details: { issues: PolicyIssue[] } }).details.issues[0]!;
    return `${field}: ${message}`;
  }
  return "none";
}

test("ports are a number, a text, a range, or a list of them", (t) => {
  const cases: [unknown, { first: number; last: number }[]][] = [
    [0, [{ first: 0, last: 0 }]],
    [65535, [{ first: 65535, last: 65535 }]],
    ["53", [{ first: 53, last: 53 }]],
    ["1000-20000", [{ first: 1000, last: 20000 }]],
    ["7-7", [{ first: 7, last: 7 }]],
    [
      [53, "1-2"],
      [
        { first: 53, last: 53 },
        { first: 1, last: 2 },
      ],
    ],
  ];
  for (const [ports, ranges] of cases) t.deepEqual(ruleWith({ ports }).ports, ranges, JSON.stringify(ports));
});

test("ports that are none are refused with what is allowed", (t) => {
  const form = 'rules[0].ports: a port, or a range such as "1000-2000"';
  for (const ports of ["udp", "x53", "53x", "1-", "-1", "1-x", "1-2-3", "123456", ""])
    t.is(issueOf({ ports }), form, JSON.stringify(ports));
  const order = "rules[0].ports: ports go from 0 to 65535, the lower one first";
  for (const ports of ["5-1", "65536", "1-65536"]) t.is(issueOf({ ports }), order, ports);
  for (const ports of [-1, 65536, 1.5]) t.not(issueOf({ ports }), "none");
  t.is(issueOf({ ports: [] }), "rules[0].ports: an empty list matches nothing");
});

test("an address is one of IP, or a network", (t) => {
  const [host, network] = ["10.0.0.1", "172.18.0.0/16"].map(
    (address) => ruleWith({ match: { address } }).match.address!,
  );
  t.deepEqual([host![0]!.length, network![0]!.length], [32, 16]);
  t.is(ruleWith({ match: { address: ["10.0.0.1", "fd00::/8"] } }).match.address!.length, 2);
  for (const address of ["ten", "10.0.0.0/33", ""])
    t.is(
      issueOf({ match: { address } }),
      'rules[0].match.address: must be an IP address, or a network such as "172.18.0.0/16"',
    );
});

test("what a rule matches by has to be there, and to go together", (t) => {
  t.is(issueOf({ match: {} }), "rules[0].match: one of uid, gid, socket, san and address has to be given");
  for (const other of [{ uid: 1 }, { gid: 1 }, { socket: "a" }])
    t.is(issueOf({ match: { san: "a", ...other } }), "rules[0].match: san does not go with uid, gid and socket");
  for (const other of [{ gid: 1 }, { socket: "a" }, { san: "a" }])
    t.is(
      issueOf({ match: { address: "10.0.0.1", ...other } }),
      "rules[0].match: address does not go with gid, socket and san",
    );
  t.is(issueOf({ match: { address: "10.0.0.1", uid: 1 } }), "none");
  t.is(issueOf({ match: { uid: 1, gid: 2, socket: "a" } }), "none");
  t.is(issueOf({ colour: "red" }), "rules[0].colour: is not a field of a policy");
  t.throws(() => parsePolicy("rules: [{ name: a }]", "p"), { message: /p:1: rules\[0\]\.match: is missing/ });
  const twice = "rules: [{ name: a, match: { uid: 1 } }, { name: a, match: { uid: 2 } }]";
  t.throws(() => parsePolicy(twice, "p"), { message: /rules\[1\]\.name: "a" names another rule too/ });
});

test("a rule gives no right that it does not name", (t) => {
  const { match: _match, name: _name, ...rights } = ruleWith({});
  t.deepEqual(rights, { operator: false, readOnly: false, cnfs: [] });
  t.deepEqual(ruleWith({ cnfs: "a*" }).cnfs, ["a*"]);
  t.is(issueOf({ count: -1 }) === "none", false);
  t.is(ruleWith({ count: 0 }).count, 0);
});

test("a file that is not a policy says why in one line for each error", (t) => {
  const issuesOf = (text: string) => {
    const { details, message } = t.throws<PuntError>(() => parsePolicy(text, "p"), { code: "ERR_POLICY_FILE" });
    t.is(details.path, "p");
    const issues = details.issues as PolicyIssue[];
    const texts = issues.map(
      ({ line, field, message: why }) => `p:${line}: ${field === "" ? why : `${field}: ${why}`}`,
    );
    t.is(message, `daemon.policy: ${texts.join("; ")}`);
    t.false(message.includes("\n"));
    return issues.map(({ line, field, message: why }) => [line, field, why]);
  };
  const [[line, field, why]] = issuesOf("\nrules: [") as [[number, string, string]];
  t.deepEqual([line, field], [2, ""]);
  t.regex(why, /^Flow sequence in block collection must be .* at line 2, column 9$/);
  t.deepEqual(
    issuesOf("a: b: c\n\tx").map(([at]) => at),
    [1, 2, 2],
  );
  t.deepEqual(issuesOf("rules: *none"), [[1, "", "Unresolved alias (the anchor must be set before the alias): none"]]);
  t.deepEqual(issuesOf("\nrules: 5"), [[2, "rules", "Invalid input: expected array, received number"]]);
  t.deepEqual(issuesOf(""), [[1, "", "Invalid input: expected object, received null"]]);
  t.deepEqual(issuesOf("colour: red\nshape: round"), [
    [1, "rules", "is missing"],
    [1, "colour", "is not a field of a policy"],
    [2, "shape", "is not a field of a policy"],
  ]);
});

test("each field takes one value or a list, and names what is wrong with it", (t) => {
  const lists = {
    ...{ hosts: "h*", cnfs: "a", types: "SPAN", interconnects: "TAP", interfaces: "eth*" },
    ...{ vrfs: 4_294_967_295, netns: "n", socketPaths: "/a", models: "m.*" },
  };
  for (const [name, value] of Object.entries(lists)) {
    t.deepEqual(ruleWith({ [name]: value })[name as keyof Rule], [value] as never, name);
    t.deepEqual(ruleWith({ [name]: [value, value] })[name as keyof Rule], [value, value] as never, name);
    t.is(issueOf({ [name]: [] }), `rules[0].${name}: an empty list matches nothing`);
    t.not(issueOf({ [name]: {} }), "none", name);
  }
  for (const name of ["uid", "gid", "socket", "san"]) {
    const value = name === "uid" || name === "gid" ? 0 : "a";
    t.deepEqual(ruleWith({ match: { [name]: value } }).match, { [name]: [value] } as never);
    t.is(issueOf({ match: { [name]: [] } }), `rules[0].match.${name}: an empty list matches nothing`);
  }
  for (const interconnect of ["TAP", "MEMIF", "AF_UNIX"]) t.is(issueOf({ interconnects: interconnect }), "none");
  for (const wrong of [
    ...[{ interconnects: "tap" }, { types: "X" }, { vrfs: -1 }, { vrfs: 4_294_967_296 }, { vrfs: 1.5 }, { count: 1.5 }],
    ...[{ cnfs: "" }, { cnfs: "x".repeat(256) }, { name: "" }, { name: "x".repeat(64) }, { operator: "yes" }],
    ...[{ readOnly: 1 }, { match: 5 }, { match: { colour: 1 } }],
  ])
    t.not(issueOf(wrong), "none", JSON.stringify(wrong));
  for (const right of [{ cnfs: "x".repeat(255) }, { name: "x".repeat(63) }, { operator: true }, { readOnly: true }])
    t.is(issueOf(right), "none", JSON.stringify(right));
});
