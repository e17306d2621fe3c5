// grpc.health.v1 of a daemon: what a check and a watch say before and while it drains.
import { Code, type ConnectError, type HandlerContext } from "@connectrpc/connect";
import test from "ava";
import { HealthService } from "../../lib/daemon/service/index.js";
import { ServingStatus } from "../../lib/wire/index.js";

const PUNTS = "vpp_punt.v1.Punts";

function start() {
  const health = new HealthService();
  const implementation = health.implementation();
  const ending = new AbortController();
  const context = { signal: ending.signal } as HandlerContext;
  const check = async (service: string) => (await implementation.check!({ service } as never, context)).status;
  const watch = (service: string) => {
    const answers = (implementation.watch!({ service } as never, context) as AsyncIterable<{ status: ServingStatus }>)[
      Symbol.asyncIterator
    ]();
    return async () => {
      const { done, value } = await answers.next();
      return done ? "end" : ServingStatus[value.status];
    };
  };
  return { health, check, watch, end: () => ending.abort() };
}

test("the daemon and its service are served until it drains, and no other service is there", async (t) => {
  const { health, check } = start();
  for (const service of ["", PUNTS]) t.is(await check(service), ServingStatus.SERVING, service);
  const none = async () => check("a.B");
  const missing = { code: Code.NotFound, rawMessage: "there is no service a.B" };
  t.like(await t.throwsAsync<ConnectError>(none()), missing);
  health.drain();
  for (const service of ["", PUNTS]) t.is(await check(service), ServingStatus.NOT_SERVING, service);
  t.like(await t.throwsAsync<ConnectError>(none()), missing);
});

test("a watch says how it is now, and once more when the daemon drains, and ends", async (t) => {
  const { health, watch } = start();
  const [whole, punts, other] = [watch(""), watch(PUNTS), watch("a.B")];
  t.deepEqual(await Promise.all([whole(), punts(), other()]), ["SERVING", "SERVING", "SERVICE_UNKNOWN"]);
  const next = [whole(), punts(), other()];
  health.drain();
  t.deepEqual(await Promise.all(next), ["NOT_SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]);
  t.deepEqual(await Promise.all([whole(), punts(), other()]), ["end", "end", "end"]);
  const late = watch(PUNTS);
  t.deepEqual([await late(), await late()], ["NOT_SERVING", "end"]);
});

test("a watch ends without a word when its caller goes", async (t) => {
  const { watch, end } = start();
  const punts = watch(PUNTS);
  t.is(await punts(), "SERVING");
  const next = punts();
  end();
  t.is(await next, "end");
});
