// The keeper of a session with the daemon, over a stream that is lost.
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import test from "ava";
import type { Connection } from "../../lib/module/remote/connection.js";
import { SessionKeeper } from "../../lib/module/remote/session.js";

test("a call that waits for the session goes on, if the first stream is lost before it is open", async (t) => {
  let streams = 0;
  const ending = new AbortController();
  const client = {
    info: async () => ({}),
    async *session(_request: unknown, { signal }: { readonly signal: AbortSignal }) {
      if (++streams === 1) {
        // The call waits for the session by then.
        await sleep(20);
        throw new ConnectError("the connection was lost", Code.Aborted);
      }
      yield { session: "second" };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  };
  const connection = { client, ending, isDistrusted: () => false, closedError: () => new Error("closed") };
  const keeper = new SessionKeeper(connection as unknown as Connection, "echo", 0);
  t.is(await keeper.id(ending.signal), "second");
  t.is(keeper.losses, 1);
  ending.abort();
});
