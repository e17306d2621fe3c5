// Every combination of two punts: they share, conflict or are independent as specified, by state and by packets.
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import type { PuntRequestInput, PuntStatus, PuntType } from "../../lib/punt/index.js";
import { Cnf } from "../support/punt/cnf-end.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { probe } from "../support/punt/probes.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { allPairs, expectedOutcome, type Pair } from "../support/punt/sharing.js";

function requestsOf({ types, interconnects, sameSubject, sameNamespace }: Pair, folder: string): PuntRequestInput[] {
  return types.map((type, index) => {
    const netns = sameNamespace || index === 0 ? "one" : "other";
    const subject = sameSubject ? 0 : index;
    const request = puntOf(type, {
      cnf: `cnf${index}`,
      interconnect: interconnects[index]!,
      subject,
      unique: index,
      netns,
      folder,
    });
    if (request.type !== "ABX") return request;
    // Each punt has its own rules, so that packets show which punt received them.
    return {
      ...request,
      ingressAclRules: [{ protocol: "UDP", destinationPort: 5000 + index, destinationNetwork: "local" }],
    };
  });
}

async function checkPair(t: ExecutionContext, managed: ManagedVpp, pair: Pair): Promise<void> {
  const about = JSON.stringify(pair);
  const requests = requestsOf(pair, managed.directory);
  const statuses = [await managed.manager.add(requests[0]!, { waitFor: "CREATED" })];
  const outcome = expectedOutcome(pair);
  const second = managed.manager.add(requests[1]!, { waitFor: "CREATED" });
  if (outcome === "conflict") {
    const error = await t.throwsAsync(second, { instanceOf: PuntError }, about);
    t.is(error.code, "ERR_CONFLICT", about);
    t.like(error.details, { punt: { cnf: "cnf1" }, other: { cnf: "cnf0" } }, about);
  } else {
    statuses.push(await second);
  }
  const now = statuses.map(({ id }) => managed.manager.get(id)!);
  for (const status of now) {
    t.is(status.state, "CREATED", about);
    t.is(status.metadata.interconnects[0]!.shared, outcome === "shared", about);
  }
  await checkPackets(t, managed, now, about);
  for (const { id } of now) await managed.manager.delete(id);
  t.is((await managed.manager.plan()).toString(), "nothing to do", about);
}

async function checkPackets(
  t: ExecutionContext,
  managed: ManagedVpp,
  statuses: PuntStatus[],
  about: string,
): Promise<void> {
  const cnfs = await Promise.all(statuses.map((status) => Cnf.open(status, managed.vpp)));
  try {
    for (const [index, status] of statuses.entries()) {
      const dhcpCard = (vrf: number) => (vrf === 0 ? "if4" : "if5");
      const lost = await probe({ vpp: managed.vpp, cnf: cnfs[index]!, status, dhcpCard, freeCard: "if4" });
      t.is(lost, undefined, about);
    }
  } finally {
    for (const cnf of cnfs) cnf.close();
  }
}

/** Whether the pair differs from others: punts over AF_UNIX have no other interconnect. */
function differs({ types, interconnects }: Pair): boolean {
  return types.every((type, index) => type !== "PUNT_TO_SOCKET" || interconnects[index] === "TAP");
}

for (const one of puntTypes) {
  test.serial(`${one} beside every other type, by state and by packets`, async (t) => {
    t.timeout(110_000);
    const it = await managedVpp();
    t.teardown(() => it.close());
    for (const pair of allPairs(puntTypes as PuntType[]).filter((pair) => pair.types[0] === one && differs(pair))) {
      await checkPair(t, it, pair);
    }
  });
}
