// The files of punt sockets that a daemon hands over: what becomes of an end whose file is removed, or is another program's.
import { rmSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import { folderOf } from "../../lib/files/index.js";
import { openDescriptors, until } from "../support/descriptor/peer.js";
import { created, handedEnds, memifSide, socketSide } from "../support/module/ends.js";
import { settled } from "../support/module/life.js";

/** Keeps the looks at files from running by themselves. Returns a function that runs one. */
function ownLooks(t: ExecutionContext): () => void {
  const { setInterval: set } = globalThis;
  t.teardown(() => Object.assign(globalThis, { setInterval: set }));
  let look = () => {};
  const started = (run: () => void, ms: number) => {
    if (ms === 1_000) look = run;
    return set(ms === 1_000 ? () => {} : run, ms);
  };
  Object.assign(globalThis, { setInterval: started });
  return () => look();
}

test.serial("a punt socket whose file is missing at two looks is requested again", async (t) => {
  const look = ownLooks(t);
  const side = socketSide(t);
  const { ends, asked, told, answers } = handedEnds(t, [() => [side.socket(0, "a"), side.inject(0, "b")]]);
  ends.update(created([side.interconnect]));
  await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
  look();
  t.is(asked.length, 1);
  rmSync(side.path);
  answers.push(() => [side.socket(0, "c")]);
  look();
  t.deepEqual(ends.unconnected(), [], "another program may be about to put its file there");
  look();
  t.deepEqual(told.at(-1), ["interconnect 0: its end is not handed over yet"]);
  await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
  t.deepEqual(asked[1], { have: { "inject/0": "b" }, packets: false });
  t.is(side.vpp.punt(side.path, Buffer.alloc(60)), undefined);
  look();
  t.is(asked.length, 2);
});

test.serial("the files of a punt's former sockets are looked at no more", async (t) => {
  const look = ownLooks(t);
  const [first, second, third] = [socketSide(t), socketSide(t), socketSide(t)];
  const { ends, asked } = handedEnds(t, [
    () => [first.socket(0, "a"), second.socket(1, "b")],
    () => [third.socket(0, "c")],
  ]);
  ends.update(created([first.interconnect, second.interconnect]));
  await until(() => ends.ports.length === 2 && ends.unconnected().length === 0);
  ends.update(created([third.interconnect]));
  await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
  rmSync(second.path);
  for (let i = 0; i < 2; i++) look();
  t.is(asked.length, 2);
});

test.serial("the file of a socket in whose place another one cannot be opened is looked at no more", async (t) => {
  const look = ownLooks(t);
  const side = socketSide(t);
  const wrong = { ...memifSide(t).hand(0, "b"), kind: "socket" } as const;
  const { ends, problems } = handedEnds(t, [() => [side.socket(0, "a")], () => [wrong]]);
  const status = created([side.interconnect]);
  ends.update(status);
  await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
  ends.update(status);
  await until(() => problems.at(-1) !== undefined);
  rmSync(side.path);
  for (let i = 0; i < 2; i++) t.notThrows(look);
});

test.serial(
  "each way to VPP's socket that is handed over closes the one before it, and the end the last",
  async (t) => {
    const side = socketSide(t);
    const none = openDescriptors();
    const { ends, answers } = handedEnds(t, [() => [side.socket(0, "a"), side.inject(0, "b")]]);
    const status = created([side.interconnect]);
    ends.update(status);
    await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
    const before = openDescriptors();
    for (const identity of ["c", "d", "e"]) {
      answers.push(() => [side.inject(0, identity)]);
      ends.update(status);
      await settled();
    }
    t.is(answers.length, 0);
    await until(() => openDescriptors() <= before);
    ends.close();
    await until(() => openDescriptors() <= none);
  },
);

test.serial(
  "the daemon keeps a punt socket for the program that has taken it over, and hands it back after that",
  async (t) => {
    const look = ownLooks(t);
    const side = socketSide(t);
    const taken = new PuntError("punt.attach", "EADDRINUSE", "a living process has the socket");
    const { ends, asked, answers, problems } = handedEnds(t, [() => [side.socket(0, "a"), side.inject(0, "b")]]);
    ends.update(created([side.interconnect]));
    await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
    const other = bindPuntSocket({ path: side.path, replace: true });
    t.teardown(() => other.close());
    answers.push(
      () => Promise.reject(taken),
      () => [side.socket(0, "c")],
    );
    look();
    await until(() => problems.at(-1) === taken);
    t.deepEqual(asked[1], { have: { "inject/0": "b" }, packets: false, ifFree: true });
    await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
    t.deepEqual(asked[2], asked[1]);
    t.is(problems.at(-1), undefined);
    ends.update(created([side.interconnect]));
    t.deepEqual(asked[3], { have: { "inject/0": "b", "socket/0": "c" }, packets: false });
  },
);

test.serial(
  "a punt socket whose file is removed before it arrives is requested again, unless its folder is not seen here",
  async (t) => {
    const look = ownLooks(t);
    const side = socketSide(t);
    const folders = [undefined, "0:1", folderOf(side.path)!];
    for (const folder of folders) {
      const { ends, asked } = handedEnds(t, [
        () => {
          const handed = side.socket(0, "a");
          rmSync(side.path);
          return [{ ...handed, folder }, side.inject(0, "b")];
        },
        () => [side.socket(0, "c")],
      ]);
      ends.update(created([side.interconnect]));
      await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
      for (let i = 0; i < 2; i++) look();
      await until(() => ends.ports.length === 1 && ends.unconnected().length === 0);
      const isSeen = folder === folders[2];
      t.is(asked.length, isSeen ? 2 : 1, folder);
      t.is(side.vpp.punt(side.path, Buffer.alloc(60)), isSeen ? undefined : "ENOENT");
      ends.close();
    }
  },
);
