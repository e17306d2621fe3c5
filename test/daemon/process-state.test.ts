// Another process as /proc shows it, which the test plays: whether it can run, and which of its descriptors is a socket.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import test, { type ExecutionContext } from "ava";
import { isStopped, SocketSearch } from "../../lib/daemon/attach/process-state.js";

interface Proc {
  /** Texts of files, and targets of links. */
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, readonly string[]>>;
}

/** Plays /proc and /sys for one call. */
function within<T>({ files = {}, folders = {} }: Proc, look: () => T): T {
  const { readFileSync, readlinkSync, opendirSync } = fs;
  const known = <V>(of: Readonly<Record<string, V>>) => {
    return (path: string) => {
      const value = of[path];
      if (value !== undefined) return value;
      throw Object.assign(new Error(`there is no ${path}`), { code: "ENOENT" });
    };
  };
  const use = (by: object) => {
    Object.assign(fs, by);
    syncBuiltinESMExports();
  };
  const open = (path: string) => {
    const names = [...known(folders)(path)];
    return { readSync: () => (names.length > 0 ? { name: names.shift() } : null), closeSync: () => {} };
  };
  use({ readFileSync: known(files), readlinkSync: known(files), opendirSync: open });
  try {
    return look();
  } finally {
    use({ readFileSync, readlinkSync, opendirSync });
  }
}

/** A process with threads in these states; the first is that of the process. */
function process(states: string, more: Readonly<Record<string, string>> = {}): Proc {
  const stat = (state: string) => `7 (a (T) b) ${state} 1 7 7 0 -1 4194304 100`;
  const threads = [...states].map((state, index) => [`/proc/7/task/${7 + index}/stat`, stat(state)] as const);
  return {
    files: { "/proc/7/stat": stat(states[0]!), ...Object.fromEntries(threads), ...more },
    folders: { "/proc/7/task": [...states].map((_, index) => `${7 + index}`) },
  };
}

const stopped = (proc: Proc) => within(proc, () => isStopped(7));

/** Looks for a socket in steps of so many descriptors. Returns its place, and the number of steps. */
function find(proc: Proc, path: string, left: number) {
  return within(proc, () => {
    const search = new SocketSearch(7, path);
    for (let steps = 1; ; steps++) {
      const budget = { left };
      const place = search.step(budget);
      if (place || budget.left > 0) return { place, steps };
    }
  });
}

test.serial("a process is stopped when each of its threads is, by a signal or by a debugger", (t) => {
  for (const states of ["T", "t", "TTT", "tT"]) t.true(stopped(process(states)), states);
  for (const states of ["S", "R", "ST", "TS", "TTR", "Z"]) t.false(stopped(process(states)), states);
});

test.serial("a process that is gone, or ends during the look, is not stopped", (t) => {
  t.false(stopped({}));
  t.false(stopped({ ...process("T"), folders: {} }));
  t.false(stopped({ ...process("T"), folders: { "/proc/7/task": ["7", "8"] } }));
});

test.serial("of many threads, 64 are looked at", (t) => {
  t.false(stopped(process(`${"T".repeat(63)}S`)));
  t.true(stopped(process(`${"T".repeat(64)}S`)));
});

test.serial("a process is stopped while its control group is frozen", (t) => {
  const grouped = (group: string, events: string, at = group) =>
    stopped(process("S", { "/proc/7/cgroup": group, [`/sys/fs/cgroup${at}/cgroup.events`]: events }));
  const [frozen, thawed] = ["populated 1\nfrozen 1\n", "populated 1\nfrozen 0\n"];
  t.true(grouped("0::/system.slice/cnf.service\n", frozen, "/system.slice/cnf.service"));
  t.true(grouped("0::/\n", frozen, "/"));
  t.true(grouped("12:freezer:/x\n0::/cnf\n", frozen, "/cnf"));
  t.true(grouped("0::/cnf\n", "frozen 1\npopulated 1\n", "/cnf"));
  t.false(grouped("0::/cnf\n", thawed, "/cnf"));
  t.false(grouped("0::/cnf\n", "populated 1\nfrozen 10\n", "/cnf"));
  t.false(grouped("0::/cnf\n", frozen, "/other"));
  // Version 1 has other files.
  t.false(grouped("12:freezer:/cnf\n", frozen, "/cnf"));
  t.false(grouped("10::/cnf\n", frozen, "/cnf"));
});

/** A line of /proc/net/unix. */
const row = (type: string, inode: number, path: string) =>
  `0000000000000000: 00000002 00000000 00000000 ${type} 01 ${inode} ${path}`;

test.serial(
  "the datagram socket of a path is found by its inode, in the process's own namespace or in the daemon's",
  (t) => {
    const head = "Num       RefCount Protocol Flags    Type St Inode Path";
    const table = (...rows: string[]) => `${[head, ...rows].join("\n")}\n`;
    const links = {
      "/proc/7/fd/0": "/dev/null",
      "/proc/7/fd/3": "socket:[41]",
      "/proc/7/fd/12": "socket:[42]",
      "/proc/7/fd/13": "pipe:[43]",
      // Files may have any name.
      "/proc/7/fd/1": "/tmp/socket:[42]",
      "/proc/7/fd/2": "socket:[42]/a",
    };
    const folders = { "/proc/7/fd": ["0", "1", "2", "3", "12", "13", "14"] };
    const proc = (files: Readonly<Record<string, string>>) => ({ files: { ...links, ...files }, folders });
    const placeOf = (files: Readonly<Record<string, string>>, path = "/run/dns") => find(proc(files), path, 100).place;
    const here = { "/proc/net/unix": table(row("0001", 41, "/run/dns"), row("0002", 42, "/run/dns")) };
    t.deepEqual(placeOf(here), { number: 12, inode: 42 });
    t.deepEqual(placeOf({ "/proc/7/net/unix": table(row("0002", 41, "/run/dns")) }), { number: 3, inode: 41 });
    t.deepEqual(placeOf({ "/proc/net/unix": table(row("0002", 41, "/run/a b")) }, "/run/a b"), {
      number: 3,
      inode: 41,
    });
    t.is(placeOf(here, "/run/dn"), undefined);
    t.is(placeOf(here, "/run/dns/x"), undefined);
    t.is(placeOf({ "/proc/net/unix": table(row("0002", 43, "/run/dns"), row("0002", 99, "/run/dns")) }), undefined);
    t.is(placeOf({}), undefined);
    t.deepEqual(find(proc(here), "/run/dns", 2), { place: { number: 12, inode: 42 }, steps: 3 });
    t.deepEqual(find(proc({}), "/run/dns", 2), { place: undefined, steps: 5 });
    t.throws(() => find({}, "/run/dns", 1), { code: "ENOENT" });
  },
);

test.serial("this process runs, and has no socket of such a path", (t: ExecutionContext) => {
  t.false(isStopped(globalThis.process.pid));
  t.is(new SocketSearch(globalThis.process.pid, "/nowhere/dns").step({ left: 100_000 }), undefined);
});
