// Requests as an orchestrator in Python makes them, on an embedded VPP or a real one with three interfaces.
import type { ExecutionContext } from "ava";
import { type PythonAnswer, type PythonCall, python } from "./python.js";

export interface PythonStory {
  /** The daemon's socket. */
  readonly socket: string;
  /** VPP's names of three interfaces, with addresses of both families. */
  readonly interfaces: readonly [string, string, string];
  /** Another name of the first one: its tag. */
  readonly tag: string;
  /** Makes IPv4's table 7, which nothing has before. */
  makeTable(): Promise<void>;
}

const MEMIF = { interconnect: "MEMIF" };
const created = { forCreated: true, timeoutMs: 30_000 };

/** Asks for punts, and for changes of them. Returns the last status of each, by its CNF. */
export async function pythonRequests(
  t: ExecutionContext,
  story: PythonStory,
): Promise<Map<string, PythonAnswer["reply"]>> {
  const { socket, interfaces, tag } = story;
  const [one, two, three] = interfaces;
  const call = async (...calls: PythonCall[]) => python(socket, ...calls);
  const add = (request: object, wait = created): PythonCall => ["Add", { request, wait }];
  const egress = { cnf: "egress", type: "ABX", ...MEMIF, vppInterface: one };
  const answers = await call(
    add({ ...egress, egressAclRules: [{ destinationNetwork: "224.0.0.0/4", protocol: "UDP" }] }),
    add({
      ...{ cnf: "flags", type: "ABX", ...MEMIF, vppInterface: two, egressAclRules: [{}] },
      ingressAclRules: [{ protocol: "0", tcpFlags: { mask: 2, value: 2 } }, { icmpType: { first: 8, last: 8 } }],
    }),
    add({
      cnf: "port",
      type: "ABX",
      ...MEMIF,
      vppInterface: two,
      ingressAclRules: [{ destinationPort: { first: 9, last: 9 } }],
    }),
    add({ cnf: "both", type: "PUNT_TO_SOCKET", toHost: { af: "BOTH", protocol: "UDP", port: 5300 } }),
    add({ cnf: "gso", type: "SPAN", ...MEMIF, enableGso: true, vppInterface: three, direction: "TX" }),
    add({ cnf: "isis", type: "ISISX", ...MEMIF, vppInterface: tag }),
    add({ cnf: "rival", type: "ISISX", ...MEMIF, vppInterface: one }),
  );
  const states = answers.map(({ reply, detail }) => reply?.status.state ?? detail?.code);
  const outcomes = ["CREATED", "CREATED", "ERR_INVALID_REQUEST", "CREATED", "CREATED", "CREATED", "ERR_CONFLICT"];
  t.deepEqual(states, outcomes, JSON.stringify(answers));
  const requestOf = (index: number) => answers[index]!.reply.status.request;
  const protocols = requestOf(1).ingressAclRules.map(({ protocol }: { protocol: string }) => protocol);
  t.deepEqual(protocols, ["6", "1"]);
  t.regex(answers[4]!.reply.status.metadata.caveats.join(), /GSO/);

  // Its dependencies are there, but for the table.
  const dependsOn = [
    { kind: "interface", name: tag },
    { kind: "link-up", name: one },
    { kind: "address", name: one },
    { kind: "vrf", vrf: 7, af: "IPV4" },
  ];
  const request = {
    cnf: "waits",
    type: "PUNT_TO_SOCKET",
    toHost: { af: "IPV6", protocol: "UDP", port: 5302 },
    dependsOn,
  };
  const [waiting] = await call(["Add", { request }]);
  const { state, missing } = waiting!.reply.status;
  t.deepEqual([state, missing.map(({ text }: { text: string }) => text)], ["PENDING", ["IPv4 table of VRF 7"]]);
  await story.makeTable();

  const rules = { egressAclRules: [{ protocol: "OSPF" }], ingressAclRules: [{ protocol: "OSPF" }] };
  const [there, updated, list, plan] = await call(
    add(request),
    ["Update", { request: { ...egress, ...rules }, wait: created }],
    ["List", {}],
    ["Plan", {}],
  );
  t.is(there!.reply.status.state, "CREATED");
  const ways = (status: PythonAnswer["reply"]) => status.metadata.interconnects;
  t.deepEqual(ways(updated!.reply.status), ways(answers[0]!.reply.status), "an update keeps the interconnect");
  const statuses = new Map<string, PythonAnswer["reply"]>(
    list!.reply.punts.map((status: PythonAnswer["reply"]) => [status.id.cnf, status]),
  );
  t.deepEqual([...statuses.keys()].sort(), ["both", "egress", "flags", "gso", "isis", "waits"]);
  for (const [cnf, status] of statuses) t.is(status.state, "CREATED", cnf);
  t.is(plan!.reply.steps, undefined, "nothing is left to do");
  return statuses;
}
