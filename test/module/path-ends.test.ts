// The ends that a program opens by their paths: which are polled, and which report changes themselves.
import { EventEmitter } from "node:events";
import { existsSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { keyOf, PathEnds } from "../../lib/module/ends.js";
import { type EndHooks, followMemif, objection } from "../../lib/module/ports.js";
import { PacketSocket } from "../../lib/packet-socket/index.js";
import { openDescriptors, until } from "../support/descriptor/peer.js";
import { arp } from "../support/frames.js";
import { created, memifSide, socketSide, tap } from "../support/module/ends.js";
import { NAMES } from "../support/module/life.js";
import { need } from "../support/need.js";
import { cable, frame } from "../support/packet-socket/wire.js";
import { socketFolder } from "../support/punt-socket/peer.js";

interface Look {
  readonly run: () => void;
  isOver: boolean;
}

/** Ends whose looks are the test's own. */
function pathEnds(t: ExecutionContext, more: Partial<EndHooks> = {}) {
  const told: (readonly string[])[] = [];
  const problems: unknown[] = [];
  const looks: Look[] = [];
  const ends: PathEnds = new PathEnds({
    ...{ interfaces: NAMES, options: {}, answers: undefined },
    onChange: () => void told.push(ends.unconnected()),
    onProblem: (error) => void problems.push(error),
    ...more,
  });
  const [set, clear] = [globalThis.setInterval, globalThis.clearInterval];
  const started = (run: () => void) => {
    const look = { run, isOver: false, unref: () => look };
    looks.push(look);
    return look;
  };
  const cleared = (look?: Look) => {
    if (look) look.isOver = true;
  };
  Object.assign(globalThis, { setInterval: started, clearInterval: cleared });
  t.teardown(() => {
    ends.close();
    Object.assign(globalThis, { setInterval: set, clearInterval: clear });
  });
  return { ends, told, problems, looks };
}

test.serial("a memif tells of its connection by itself, and nothing looks at it", async (t) => {
  const side = memifSide(t);
  const { ends, told, looks, problems } = pathEnds(t);
  ends.update(created([side.interconnect]), true);
  await until(() => told.length > 0 && ends.unconnected().length === 0);
  side.server.close();
  await until(() => told.at(-1)?.[0] === "interconnect 0: memif is not connected to VPP");
  t.deepEqual(looks, []);
  t.deepEqual(problems, [undefined]);
});

test.serial("a punt that gets other ends closes the former ends", async (t) => {
  const [first, second] = [memifSide(t), memifSide(t)];
  const { ends } = pathEnds(t);
  ends.update(created([first.interconnect]), true);
  await until(() => first.server.peer !== undefined);
  ends.update(created([second.interconnect]), true);
  t.is(ends.ports.length, 1);
  await until(() => first.server.peer === undefined && second.server.peer !== undefined);
});

test.serial("a punt socket that connects later is reported once, and polling stops at the end", async (t) => {
  const side = socketSide(t);
  side.vpp.close();
  const { ends, told, looks } = pathEnds(t);
  const status = created([side.interconnect]);
  ends.update(status, true);
  ends.update(status, false);
  t.is(looks.length, 1);
  t.regex(ends.unconnected().join(), /^interconnect 0: the punt socket is not connected to VPP \(E[A-Z]+\)$/);
  looks[0]!.run();
  t.deepEqual(told, []);
  side.restart();
  ends.update(status, true);
  t.deepEqual(told, []);
  looks[0]!.run();
  looks[0]!.run();
  t.deepEqual(told, [[]]);
  t.deepEqual(ends.unconnected(), []);
  ends.close();
  t.true(looks[0]!.isOver);
  t.deepEqual(ends.unconnected(), ["the ends are not open yet"]);
  ends.update(status, true);
  t.is(looks.length, 2);
});

test.serial(
  "a punt socket is opened again after its file was removed, and after a program that took it over has ended",
  (t) => {
    const side = socketSide(t);
    const { ends, told, looks, problems } = pathEnds(t);
    ends.update(created([side.interconnect]), true);
    const [first] = ends.ports;
    const look = () => looks.at(-1)!.run();
    unlinkSync(side.path);
    look();
    t.is(ends.ports[0], first, "a program that takes the path over removes the file for a moment");
    look();
    t.not(ends.ports[0], first);
    t.true(existsSync(side.path));
    t.deepEqual(ends.unconnected(), []);
    t.deepEqual(told, [[]]);
    t.deepEqual(problems, [undefined, undefined]);
    const other = bindPuntSocket({ path: side.path, replace: true });
    look();
    t.like(problems.at(-1), { code: "EADDRINUSE" });
    t.deepEqual(ends.ports, []);
    other.close();
    ends.update(created([side.interconnect]), false);
    t.deepEqual(ends.unconnected(), []);
  },
);

test.serial("frames that wait for room stay when the status comes again", async (t) => {
  const side = socketSide(t);
  const { ends } = pathEnds(t);
  const status = created([side.interconnect]);
  ends.update(status, true);
  // More than any queue of the kernel.
  for (let i = 0; i < 1000; i++) t.true(ends.send(Buffer.alloc(60), { interconnect: 0, swIfIndex: 1 }));
  ends.update(status, true);
  await until(() => side.vpp.injected.length === 1000);
});

test.serial("another path of VPP's socket closes the way to the one before it, and the end the last", async (t) => {
  const side = socketSide(t);
  const { ends } = pathEnds(t);
  const updateTo = (vppPath: string) => {
    const attachment = { kind: "af-unix", path: side.path, vppPath };
    ends.update(created([{ ...side.interconnect, attachment } as typeof side.interconnect]), true);
  };
  const paths = [socketSide(t), socketSide(t)].map(({ vpp }) => vpp.path);
  const none = openDescriptors();
  updateTo(side.vpp.path);
  const before = openDescriptors();
  for (const path of paths) updateTo(path);
  await until(() => openDescriptors() <= before);
  t.true(ends.send(Buffer.alloc(60), { interconnect: 0, swIfIndex: 1 }));
  ends.close();
  await until(() => openDescriptors() <= none);
});

test.serial("a TAP is polled until its device is there, and the wait is not reported as a problem", (t) => {
  const { ends, looks, problems } = pathEnds(t);
  ends.update(created([tap("none0")]), true);
  t.is(looks.length, 1);
  looks[0]!.run();
  ends.receive(() => {});
  looks[0]!.run();
  t.false(ends.send(new Uint8Array(60), { interconnect: 0 }));
  t.deepEqual(problems, [undefined]);
  t.like(ends.ports[0], { kind: "tap", name: "none0", packets: undefined });
});

need("root", "netns").test.serial("a TAP is opened for the first frame, which leaves", (t) => {
  const { ends } = pathEnds(t);
  ends.update(created([tap("punt0", cable(t).a.path)]), true);
  t.true(ends.send(frame(1), { interconnect: 0 }));
});

need("root", "netns").test.serial("the frames of a TAP go on in the next namespace at its path", async (t) => {
  const [first, second] = [cable(t), cable(t)];
  const path = join(socketFolder(t), "netns");
  const { ends, looks, told } = pathEnds(t);
  symlinkSync(first.a.path, path);
  ends.update(created([tap("punt0", path)]), true);
  const got: number[] = [];
  ends.receive((batch) => void got.push(batch.u32(0, 14)));
  const opened = () => (ends.ports[0]?.kind === "tap" ? ends.ports[0].packets : undefined);
  const before = opened();
  t.deepEqual(ends.unconnected(), []);
  first.a.ip("link", "delete", "punt0");
  await until(() => before!.link === "gone");
  t.deepEqual(ends.unconnected(), ["interconnect 0: the TAP is gone"], "a status asks before the next look");
  looks[0]!.run();
  t.is(opened(), before, "a device that VPP makes again here is followed");
  unlinkSync(path);
  looks[0]!.run();
  t.is(opened(), before, "there is no namespace");
  symlinkSync(second.a.path, path);
  told.length = 0;
  looks[0]!.run();
  t.deepEqual(told, [[]]);
  t.throws(() => before!.send(frame(1)), { code: "ERR_CLOSED" });
  using far = PacketSocket.open({ device: "far0", namespace: second.b.path });
  t.is(far.send(frame(2)), 1);
  await until(() => got.length > 0);
  t.deepEqual(got, [2]);
});

test.serial("a memif answers for the addresses that the punt's metadata has now", async (t) => {
  const addressed = (...addresses: string[]) => ({ cnfInterface: { mac: "02:00:00:00:00:01", addresses } });
  const side = memifSide(t, addressed("10.0.0.2/24"));
  const { ends } = pathEnds(t, { answers: { kinds: ["arp"] } });
  const answered: string[] = [];
  side.server.receive((batch) => {
    for (let i = 0; i < batch.length; i++)
      if (batch.u16(i, 20) === 2) answered.push([...batch.copy(i).subarray(28, 32)].join("."));
  });
  const ask = () => {
    for (const address of ["10.0.0.2", "10.0.0.3"])
      side.server.send(arp(1, ["02:fd:00:00:00:01", "10.0.0.1"], ["00:00:00:00:00:00", address]));
  };
  ends.update(created([side.interconnect]), true);
  const [port] = ends.ports;
  await until(() => ends.unconnected().length === 0 && side.server.peer !== undefined);
  ask();
  await until(() => answered.length === 1);
  ends.update(created([{ ...side.interconnect, ...addressed("10.0.0.3/24") } as never]), false);
  ask();
  await until(() => answered.length === 2);
  t.deepEqual(answered, ["10.0.0.2", "10.0.0.3"]);
  t.is(ends.ports[0], port, "the same port answers");
});

test("a punt socket is the same one whatever VPP's own path is, and a memif is not", (t) => {
  const key = (attachment: object) => keyOf({ interconnects: [{ attachment }] } as never);
  const socket = { kind: "af-unix", path: "/run/cnf", vppPath: "/run/vpp" };
  t.is(key(socket), key({ ...socket, vppPath: "/run/vpp2" }));
  t.not(key(socket), key({ ...socket, path: "/run/other" }));
  const memif = { kind: "memif", socket: "/run/memif", id: 1, secret: "" };
  t.is(key(memif), key({ id: 1, secret: "", socket: "/run/memif", kind: "memif" }));
  for (const other of [{ socket: "/run/other" }, { id: 2 }, { secret: "x" }])
    t.not(key(memif), key({ ...memif, ...other }));
});

test("only a memif that is taken is said to be another program's", (t) => {
  const memif = Object.assign(new EventEmitter(), { peer: undefined });
  followMemif(memif as never, () => {});
  const said = (reason: string) => {
    memif.emit("refused", { reason });
    return objection({ kind: "memif", memif } as never, 0, {} as never, false)!;
  };
  t.regex(said("already connected"), /\(already connected\): another program has the memif$/);
  t.regex(said("cannot connect to /m: Permission denied"), /\(cannot connect to \/m: Permission denied\)$/);
});
