// The files of deleted punts' sockets: removed, but never from a CNF that has asked again.
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

interface Following {
  readonly acts?: boolean;
  /** The paths of the punts that there are. */
  readonly used?: readonly string[];
}

/** Follows the news that `tell` gives of deleted punts, by the path of their socket. */
function following(t: ExecutionContext, folder: string, { acts = false, used = [] }: Following = {}) {
  const news: WatchEvent[] = [];
  const signals: AbortSignal[] = [];
  let wake = () => {};
  async function* watch({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<WatchEvent> {
    signals.push(signal);
    for (;;) {
      while (news.length > 0) yield news.shift()!;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const idOf = (key: string) => ({ cnf: "a", key, label: "" });
  const puntAt = (socketPath: string, key = socketPath) => ({
    ...{ id: idOf(key), request: { type: "PUNT_TO_SOCKET", socketPath } },
  });
  const punts = { watch, list: async () => used.map((path) => puntAt(path)) } as unknown as Punts;
  const sockets = new DeletedSockets({ punts, folder, acts: () => acts });
  t.teardown(() => sockets.close());
  const say = (event: object) => {
    news.push(event as WatchEvent);
    wake();
  };
  const change = (key: string, to: string, path = key) =>
    say({ kind: "change", event: { id: idOf(key), to, status: puntAt(path, key) } });
  const tell = (path: string) => {
    change(path, "CREATED");
    change(path, "DELETED");
  };
  return Object.assign(tell, {
    change,
    begin: (paths = used) => say({ kind: "snapshot", punts: paths.map((path) => puntAt(path)) }),
    close: () => sockets.close(),
    progress: () => say({ kind: "progress", revision: "1" }),
    watches: () => signals.length,
    isWatching: () => signals.some(({ aborted }) => !aborted),
  });
}

function bound(t: ExecutionContext, path: string) {
  const socket = bindPuntSocket({ path });
  t.teardown(() => socket.close());
  return socket;
}

test("a daemon that does not act removes a file once no process has its socket", async (t) => {
  const folder = socketFolder(t);
  const tell = following(t, folder);
  const [dead, alive] = [join(folder, "dead.sock"), join(folder, "alive.sock")];
  bound(t, dead).close();
  const socket = bound(t, alive);
  tell(dead);
  tell(alive);
  await until(() => !existsSync(dead));
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(alive), "its CNF may have asked for the punt again");
  socket.close();
  await until(() => !existsSync(alive));
});

test("the daemon that acts removes the files of dead sockets that an earlier one has left, and no other's", async (t) => {
  const folder = socketFolder(t);
  const [dead, used, alive, other] = ["dead", "used", "alive", "other"].map((name) => join(folder, `${name}.sock`));
  for (const path of [dead!, used!]) bound(t, path).close();
  bound(t, alive!);
  writeFileSync(other!, "");
  following(t, folder, { used: [used!] }).begin();
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(dead!), "the punt may not have reached a daemon that does not act");
  following(t, folder, { acts: true, used: [used!] }).begin();
  await until(() => !existsSync(dead!));
  t.deepEqual(
    [used!, alive!, other!].map((path) => existsSync(path)),
    [true, true, true],
  );
});

test("the daemon that acts removes a file also from a CNF that keeps its socket open", async (t) => {
  const folder = socketFolder(t);
  const tell = following(t, folder, { acts: true });
  const path = join(folder, "cnf.sock");
  bound(t, path);
  tell(path);
  await until(() => !existsSync(path));
  t.pass();
});

test("a file that a CNF makes before it hears of the deletion, and leaves when it dies, is removed by a later look", async (t) => {
  const folder = socketFolder(t);
  const [first, late, used] = ["first", "late", "used"].map((name) => join(folder, `${name}.sock`));
  const tell = following(t, folder, { acts: true, used: [used!] });
  bound(t, first!).close();
  tell(late!);
  tell(first!);
  await until(() => !existsSync(first!));
  for (const path of [late!, used!]) bound(t, path).close();
  await until(() => !existsSync(late!));
  t.true(existsSync(used!));
});

test("a socket that a punt has, again or beside the deleted one, stays, and so does its file when the CNF is down", async (t) => {
  const folder = socketFolder(t);
  const [used, last] = [join(folder, "used.sock"), join(folder, "last.sock")];
  const tell = following(t, folder, { acts: true, used: [used] });
  const socket = bound(t, used);
  bound(t, last);
  tell(used);
  tell(last);
  await until(() => !existsSync(last));
  t.true(existsSync(used));
  socket.close();
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(used));
});

test("only sockets in the daemon's folder are removed, and nothing else that is there", async (t) => {
  const [folder, other] = [socketFolder(t), socketFolder(t)];
  const tell = following(t, folder, { acts: true });
  const [foreign, file, last] = [join(other, "cnf.sock"), join(folder, "file"), join(folder, "last.sock")];
  bound(t, foreign).close();
  bound(t, last).close();
  writeFileSync(file, "text");
  for (const path of [foreign, file, last]) tell(path);
  await until(() => !existsSync(last));
  t.true(existsSync(foreign));
  t.true(existsSync(file));
});

test("the file of a socket goes also when its punt gets another one or none, or is gone from the next snapshot", async (t) => {
  const folder = socketFolder(t);
  const paths = ["one", "two", "three"].map((name) => join(folder, `${name}.sock`));
  for (const path of paths) bound(t, path).close();
  const tell = following(t, folder);
  for (const path of paths) tell.change(path, "CREATED");
  const [one, two, three] = paths;
  tell.change(one!, "INIT", join(folder, "other.sock"));
  tell.change(two!, "INIT", "/elsewhere/two.sock");
  await until(() => !existsSync(one!) && !existsSync(two!));
  t.true(existsSync(three!));
  tell.begin([join(folder, "other.sock")]);
  await until(() => !existsSync(three!));
});

test("the file of a punt that is in the next snapshot too stays, also while no CNF has its socket", async (t) => {
  const folder = socketFolder(t);
  const [kept, gone] = [join(folder, "kept.sock"), join(folder, "gone.sock")];
  for (const path of [kept, gone]) bound(t, path).close();
  const tell = following(t, folder);
  tell.begin([kept, gone]);
  tell.begin([kept]);
  await until(() => !existsSync(gone));
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(kept));
});

test("the progress of a watch does not end it", async (t) => {
  const folder = socketFolder(t);
  const path = join(folder, "cnf.sock");
  bound(t, path).close();
  const tell = following(t, folder);
  tell.progress();
  tell(path);
  await until(() => !existsSync(path));
  t.is(tell.watches(), 1);
});

test("a socket that an earlier daemon has left to a living process is removed once that has closed it", async (t) => {
  const folder = socketFolder(t);
  const path = join(folder, "cnf.sock");
  const socket = bound(t, path);
  following(t, folder, { acts: true }).begin();
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(path), "it may be of another owner's punt");
  socket.close();
  await until(() => !existsSync(path));
});

test("a daemon that stops watches the punts no more, and removes no file", async (t) => {
  const folder = socketFolder(t);
  const tell = following(t, folder);
  const path = join(folder, "cnf.sock");
  const socket = bound(t, path);
  tell(path);
  await sleep(LOOK_PASSES_MS);
  t.true(tell.isWatching());
  tell.close();
  t.false(tell.isWatching());
  socket.close();
  await sleep(LOOK_PASSES_MS);
  t.true(existsSync(path));
});
