// The manager's subscription to VPP's interface events, over a VPP that the test plays.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import type { VppConnection } from "../../lib/punt/options.js";
import { InterfaceNews } from "../../lib/punt/worker/interface-news.js";

/** A VPP whose subscriptions end when the test says so. */
function played() {
  const ends: ((error?: PuntError) => void)[] = [];
  const failures: string[] = [];
  const vpp = {
    async subscribe() {
      const over = new Promise<void>((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve()));
      });
      return {
        close: async () => ends.at(-1)!(),
        [Symbol.asyncIterator]: () => ({ next: () => over.then(() => ({ done: true, value: undefined })) }),
      };
    },
  };
  const reader = {
    known: () => [],
    links: () => [],
    changed: () => {},
    lost: () => {},
    failed: ({ message }: PuntError) => void failures.push(message),
  };
  return { news: new InterfaceNews(vpp as unknown as VppConnection, reader), ends, failures };
}

test("a subscription that VPP refuses after its restart is made again, once for each connection", async (t) => {
  const { news, ends, failures } = played();
  const first = news.follow();
  await news.follow();
  t.is(ends.length, 1);
  ends[0]!(new PuntError("want_interface_events", "VPP_UNSPECIFIED", "refused"));
  await first;
  t.is(failures.length, 1);
  t.regex(failures[0]!, /refused/);
  const second = news.follow();
  await new Promise(setImmediate);
  t.is(ends.length, 2);
  await news.close();
  await second;
  t.is(failures.length, 1);
});
