// A call that is refused leaves its punts in the sessions in which they were, or in none.
import test, { type ExecutionContext } from "ava";
import { daemonTest } from "../support/daemon/daemon.js";
import { until } from "../support/until.js";

const WAY = { type: "PUNT_TO_SOCKET", interconnect: "AF_UNIX" } as const;
const udp = (cnf: string, port: number, key = "") => ({
  ...{ cnf, key, ...WAY, socketPath: `/run/${cnf}-${port}.sock` },
  toHost: { af: "IPV4", protocol: "UDP", port } as const,
});

async function place(t: ExecutionContext) {
  const running = await daemonTest(t);
  const operator = await running.connect();
  await operator.add(udp("other", 53));
  const program = await running.connect(undefined, { session: { cnf: "a", grace: 0 } });
  await program.add(udp("a", 60, "of the session"));
  const keys = async () => (await operator.list({ cnf: "a" })).map(({ id }) => id.key);
  /** The punts that stay. Those of a session go all at once, and a later change comes after them. */
  const left = async () => {
    await program.close();
    await until(async () => !(await keys()).includes("of the session"));
    await operator.add(udp("later", 61), { waitFor: "CREATED" });
    return keys();
  };
  return { operator, program, left };
}

test("an update that is refused in a session leaves a punt for good", async (t) => {
  const { operator, program, left } = await place(t);
  await operator.add(udp("a", 54));
  await t.throwsAsync(program.update(udp("a", 53)), { code: "ERR_CONFLICT" });
  t.deepEqual(await left(), [""]);
});

test("a set that is refused as its session is another CNF's leaves a punt for good", async (t) => {
  const { operator, program, left } = await place(t);
  await operator.add(udp("a", 54));
  const set = { punts: [udp("a", 54), udp("b", 55)] };
  await t.throwsAsync(program.apply(set, { keep: true }), { code: "ERR_NO_SUCH_SESSION" });
  t.deepEqual(await left(), [""]);
});

test("a set that is refused leaves those of its punts that it does not change for good, too", async (t) => {
  const { operator, program, left } = await place(t);
  await operator.add(udp("a", 54));
  const set = { cnf: "a", punts: [udp("a", 54), udp("a", 53, "taken")] };
  await t.throwsAsync(program.apply(set, { keep: true }), { code: "ERR_CONFLICT" });
  t.deepEqual(await left(), [""]);
});

test("an operator's set that is refused leaves a session's punt in its session", async (t) => {
  const { operator, program, left } = await place(t);
  await program.add(udp("a", 54));
  await t.throwsAsync(operator.apply({ punts: [udp("a", 53)] }, { keep: true }), { code: "ERR_CONFLICT" });
  t.deepEqual(await left(), []);
});
