// Capture files whose writes fail: a full disk, a full pipe, a reader that is gone. No file holds half a packet.
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { PcapngWriter, PcapReader, PcapWriter } from "../../lib/packet/index.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const library = new URL("../../lib/packet/index.js", import.meta.url).href;
const packetOf = (i: number) => new Uint8Array(1000).fill(i);

function fifo(t: ExecutionContext): { path: string; read(): Buffer; close(): void } {
  const path = join(socketFolder(t), "fifo");
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  t.teardown(close);
  const read = () => {
    const bytes = Buffer.alloc(1 << 20);
    try {
      return bytes.subarray(0, readSync(fd, bytes));
    } catch {
      return bytes.subarray(0, 0); // EAGAIN: the pipe is empty
    }
  };
  return { path, read, close };
}

/** Writes packets until one is refused; returns how many were taken, and the error. */
function fill(writer: PcapWriter): { taken: number; error: PuntError } {
  for (let taken = 0; ; taken++) {
    try {
      writer.writePacket(packetOf(taken));
    } catch (error) {
      return { taken, error: error as PuntError };
    }
  }
}

test("a pipe that is full refuses a packet by EAGAIN, and goes on at the same byte", (t) => {
  const pipe = fifo(t);
  const fd = openSync(pipe.path, constants.O_WRONLY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  const writer = PcapWriter.open(fd);
  const { taken, error } = fill(writer);
  t.like(error, { op: "pcap.write", code: "EAGAIN", details: { target: fd } });
  t.throws(() => writer.writePacket(packetOf(0)), { code: "EAGAIN" });
  const parts = [pipe.read()];
  for (let i = 0; i < 20; i++) {
    writer.flush();
    parts.push(pipe.read());
    if (parts.at(-1)!.length === 0) break;
  }
  writer.writePacket(packetOf(taken));
  writer.close();
  parts.push(pipe.read());
  const read = [...new PcapReader(Buffer.concat(parts))];
  t.is(read.length, taken + 1);
  for (const [i, { bytes }] of read.entries()) t.deepEqual(bytes[0], i & 0xff);
});

test("a pipe without a reader refuses every later packet by EPIPE, and close says how many are lost", (t) => {
  const pipe = fifo(t);
  const fd = openSync(pipe.path, constants.O_WRONLY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  const writer = PcapWriter.open(fd);
  writer.writePacket(packetOf(1));
  pipe.close();
  t.throws(() => writer.flush(), { code: "EPIPE" });
  t.throws(() => writer.writePacket(packetOf(2)), { code: "EPIPE" });
  const error = t.throws(() => writer.close(), { instanceOf: PuntError });
  t.like(error, { code: "EPIPE", details: { lost: 1 } });
  t.notThrows(() => writer.close());
});

test.serial("a device that is full from the start is an error, and no descriptor stays open", (t) => {
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 10; i++) {
    t.throws(() => PcapWriter.open("/dev/full"), { code: "ENOSPC" });
    t.throws(() => PcapngWriter.open("/dev/full"), { code: "ENOSPC" });
  }
  t.true(readdirSync("/proc/self/fd").length < before + 10);
  t.true(existsSync("/dev/full"));
});

test("a descriptor whose first write fails stays its owner's", (t) => {
  const fd = openSync("/dev/full", "w");
  t.throws(() => PcapWriter.open(fd), { code: "ENOSPC" });
  t.notThrows(() => closeSync(fd));
});

test("a packet or a time that can't be written changes nothing", (t) => {
  const path = join(socketFolder(t), "a.pcap");
  using writer = PcapWriter.open(path);
  t.throws(() => writer.writePacket("abc" as never), { code: "ERR_INVALID_PACKET" });
  t.throws(() => writer.writePacket(new Uint8Array(10), -1n), { code: "ERR_OPTION" });
  t.throws(() => writer.writePacket(new Uint8Array(10), 5 as never), { code: "ERR_OPTION" });
  writer.writePacket(new Uint8Array(10), 7n);
  writer.flush();
  t.is([...PcapReader.open(path)].length, 1);
  t.throws(() => PcapWriter.open(5.5), { code: "ERR_OPTION" });
  const closed = { instanceOf: PuntError, code: "EBADF", message: /^pcap\.open: EBADF/ };
  t.throws(() => PcapWriter.open(2 ** 31 - 1), closed);
});

const { test: withMounts } = need("root", "unshare");

/**
 * Runs `body` beside a tmpfs of 2 MiB at `disk`, in a mount namespace of its own. `body` has `writer`, a `Writer` over `target`, and the
 * functions `add(i)`, which says whether packet i was taken, `ballast()` and `relief()`, which fill the disk and free it again.
 */
function onSmallDisk(t: ExecutionContext, target: string, body: string): { folder: string; result: unknown } {
  const folder = socketFolder(t);
  const code = `
    const { PcapWriter, PcapReader } = await import(${JSON.stringify(library)});
    const fs = await import("node:fs");
    const disk = ${JSON.stringify(join(folder, "disk"))};
    const path = disk + "/a.pcap";
    const out = fs.openSync(${JSON.stringify(join(folder, "out"))}, "w");
    const target = ${target};
    const writer = PcapWriter.open(target);
    const codes = new Set();
    const add = (i) => { try { writer.writePacket(new Uint8Array(1000).fill(i), BigInt(i)); return true; } catch (e) { codes.add(e.code); return false; } };
    const relief = () => fs.rmSync(disk + "/ballast", { force: true });
    const read = () => [...PcapReader.open(path)].map((packet) => Number(packet.timeNs));
    fs.writeFileSync(disk + "/ballast", Buffer.alloc(1_600_000));
    const done = (result) => fs.writeSync(out, JSON.stringify(result));
    ${body}`;
  const script = 'mkdir "$1/disk" && mount -t tmpfs -o size=2m none "$1/disk" && exec "$2" --input-type=module -e "$3"';
  const { status, stderr } = spawnSync(
    "unshare",
    ["--mount", "sh", "-c", script, "sh", folder, process.execPath, code],
    { encoding: "utf8", timeout: 60_000 },
  );
  t.is(status, 0, stderr);
  return { folder, result: JSON.parse(readFileSync(join(folder, "out"), "utf8")) };
}

withMounts("a full disk: the file holds whole packets, none that was taken is lost, and later writes go on", (t) => {
  const { result } = onSmallDisk(
    t,
    "path",
    `
    const taken = [];
    for (let i = 0; i < 1500; i++) if (add(i)) taken.push(i);
    const whileFull = read();
    relief();
    for (let i = 1500; i < 1800; i++) if (add(i)) taken.push(i);
    writer.close();
    done({ whileFull, taken, after: read(), codes: [...codes] });`,
  );
  const { whileFull, taken, after, codes } = result as Record<string, number[]>;
  t.deepEqual(codes as unknown, ["ENOSPC"]);
  t.true(taken!.length >= 300 && taken!.length < 1800);
  t.deepEqual(whileFull, taken!.slice(0, whileFull!.length));
  t.deepEqual(after, taken);
});

withMounts("a full disk at close: the file ends with a whole packet, and the error says how many are lost", (t) => {
  const { result } = onSmallDisk(
    t,
    "path",
    `
    const taken = [];
    for (let i = 0; i < 1500; i++) if (add(i)) taken.push(i);
    let error;
    try { writer.close(); } catch (e) { error = { code: e.code, lost: e.details.lost }; }
    done({ taken: taken.length, kept: read(), error });`,
  );
  const { taken, kept, error } = result as { taken: number; kept: number[]; error: { code: string; lost: number } };
  t.is(error.code, "ENOSPC");
  t.is(kept.length + error.lost, taken);
  t.deepEqual(kept, [...kept.keys()]);
});

withMounts(
  "a full disk behind a descriptor: the file ends with a whole packet, and every later packet is refused",
  (t) => {
    const { result } = onSmallDisk(
      t,
      'fs.openSync(path, "w")',
      `
    let taken = 0;
    for (let i = 0; i < 1500; i++) if (add(i)) taken++;
    relief();
    const later = add(1500);
    try { writer.close(); } catch {}
    done({ taken, later, kept: read() });`,
    );
    const { taken, later, kept } = result as { taken: number; later: boolean; kept: number[] };
    t.false(later);
    t.true(kept.length > 0 && kept.length <= taken);
    t.deepEqual(kept, [...kept.keys()]);
  },
);

test("a new file that could not be written is removed again; an older file stays", (t) => {
  const path = join(socketFolder(t), "a.pcapng");
  t.throws(() => PcapngWriter.open(`${path}/none`), { code: "ENOENT" });
  PcapngWriter.open(path).close();
  t.true(statSync(path).size > 0);
  rmSync(path);
});
