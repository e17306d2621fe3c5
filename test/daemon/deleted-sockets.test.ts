// The files of deleted punts' sockets: removed once no process has the socket, and never under a CNF that has asked again.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { DeletedSockets } from "../../lib/daemon/attach/deleted-sockets.js";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import type { Punts, WatchEvent } from "../../lib/punt/index.js";
import { socketFolder, until } from "../support/punt-socket/peer.js";

/** Longer than the time between two looks. */
const LOOK_PASSES_MS = 400;

/** Follows the news that `tell` gives of the punt whose socket is at a path. */
function following(t: ExecutionContext, folder: string) {
  const news: WatchEvent[] = [];
  let wake = () => {};
  async function* watch(): AsyncGenerator<WatchEvent> {
    for (;;) {
      while (news.length > 0) yield news.shift()!;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const sockets = new DeletedSockets({ watch } as unknown as Punts, folder);
  t.teardown(() => sockets.close());
  return (path: string, to: string) => {
    const request = { type: "PUNT_TO_SOCKET", socketPath: path };
    news.push({ kind: "change", event: { to, status: { request } } } as unknown as WatchEvent);
    wake();
  };
}

function bound(t: ExecutionContext, path: string) {
  const socket = bindPuntSocket({ path });
  t.teardown(() => socket.close());
  return socket;
}

test("the file goes with the punt, or as soon as its CNF has closed the socket", async (t) => {
  const folder = socketFolder(t);
  const tell = following(t, folder);
  const [dead, alive] = [join(folder, "dead.sock"), join(folder, "alive.sock")];
  bound(t, dead).close();
  const socket = bound(t, alive);
  tell(dead, "DELETED");
  tell(alive, "DELETED");
  await until(() => !existsSync(dead));
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(alive));
  socket.close();
  await until(() => !existsSync(alive));
  t.pass();
});

test("news of a deletion that comes late leaves the socket of a CNF that has asked again", async (t) => {
  const folder = socketFolder(t);
  const tell = following(t, folder);
  const path = join(folder, "cnf.sock");
  bound(t, path).close();
  const again = bound(t, path);
  tell(path, "DELETED");
  await sleep(LOOK_PASSES_MS);
  tell(path, "CREATED");
  await sleep(LOOK_PASSES_MS);
  // Its file is no longer of a deleted punt: that of a CNF that starts again stays for it.
  again.close();
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(path));
});

test("only sockets in the daemon's folder are removed, and nothing else that is there", async (t) => {
  const [folder, other] = [socketFolder(t), socketFolder(t)];
  const tell = following(t, folder);
  const [foreign, file, last] = [join(other, "cnf.sock"), join(folder, "file"), join(folder, "last.sock")];
  bound(t, foreign).close();
  bound(t, last).close();
  writeFileSync(file, "text");
  for (const path of [foreign, file, last]) tell(path, "DELETED");
  await until(() => !existsSync(last));
  t.true(existsSync(foreign));
  t.true(existsSync(file));
});
