// Puts the world's clock, randomness, files and sockets in the place of Node's, for all code of this process.
import crypto from "node:crypto";
import fs from "node:fs";
import fsPromises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import timers from "node:timers/promises";
import { native } from "../../../lib/native.js";
import { readProc, Sockets } from "../sockets/index.js";
import { installNatives } from "../sockets/natives.js";
import { Files, ROOT } from "./files.js";
import { Network } from "./network.js";
import { type Happening, Schedule, turn } from "./schedule.js";

/** Wall clock at the beginning of every history: 2026-01-01. */
const EPOCH = Date.UTC(2026, 0, 1);

/** Virtual milliseconds that a folder takes on a slow disk: longer than an exchange may. */
const SLOW_FOLDER_MS = 7_000;

export interface World {
  readonly schedule: Schedule;
  readonly files: Files;
  readonly network: Network;
  readonly sockets: Sockets;
}

let current: World | undefined;

/** Makes a world from a seed, and runs `main` in it. @throws the error of `main`, or the first of any party */
export async function inWorld(seed: number, main: (world: World) => Promise<void>): Promise<World> {
  const schedule = new Schedule(seed);
  const files = new Files();
  const world = { schedule, files, network: new Network(schedule, files), sockets: new Sockets(schedule, files) };
  current = world;
  try {
    await schedule.run(() => main(world));
  } finally {
    // Code that still runs belongs to this world, and its timers must not get into the next one.
    await turn();
    current = undefined;
  }
  return world;
}

function schedule(): Schedule {
  if (current === undefined) throw new Error("code of a history runs after its end");
  return current.schedule;
}

/** A timer of Node's, as far as programs use it. */
class Timer {
  #happening: Happening | undefined;
  readonly #ms: number;
  readonly #again: boolean;
  readonly #call: () => void;

  constructor(call: () => void, ms: number, again: boolean) {
    this.#call = call;
    this.#ms = Math.max(1, Number.isFinite(ms) ? ms : 1);
    this.#again = again;
    this.#start();
  }

  #start(): void {
    this.#happening = schedule().at(schedule().now + this.#ms, "timer", () => {
      this.#happening = undefined;
      if (this.#again) this.#start();
      this.#call();
    });
  }

  cancel(): void {
    if (this.#happening) this.#happening.run = undefined;
    this.#happening = undefined;
  }

  refresh(): this {
    this.cancel();
    this.#start();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

type Callback = (...args: unknown[]) => void;

function install(): void {
  for (const module of [fs, fsPromises]) guard(module);
  installTimers();
  installClock();
  installRandom();
  installFiles();
  installProc();
  syncBuiltinESMExports();
  // A function, as a class may not make another object than its own.
  native.ApiSocket = function connect(path: string, onReady: (writable: boolean, broken: boolean) => void) {
    return current!.network.connect(path, onReady);
  } as unknown as typeof native.ApiSocket;
  installNatives(() => current!.sockets);
  Object.defineProperty(process, "pid", { get: () => current?.schedule.party.pid ?? 1 });
}

function installTimers(): void {
  const real = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };
  const clear = (realClear: (timer: never) => void) => (timer: unknown) => {
    if (timer instanceof Timer) timer.cancel();
    else realClear(timer as never);
  };
  const start =
    (realStart: Callback, again: boolean) =>
    (call: Callback, ms = 1, ...args: unknown[]) =>
      current ? new Timer(() => call(...args), ms, again) : realStart(call as never, ms, ...args);
  const immediate = (call: Callback, ...args: unknown[]) =>
    current ? schedule().at(schedule().now, "immediate", () => call(...args)) : real.setImmediate(call, ...args);
  const cancel = (happening: unknown) => {
    if (Object(happening).label === "immediate") (happening as Happening).run = undefined;
    else real.clearImmediate(happening as never);
  };
  Object.assign(globalThis, {
    setTimeout: start(real.setTimeout as Callback, false),
    setInterval: start(real.setInterval as Callback, true),
    setImmediate: immediate,
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
    clearImmediate: cancel,
  });
  timers.setTimeout = sleep as typeof timers.setTimeout;
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new DOMException("The operation timed out", "TimeoutError")), ms);
    return controller.signal;
  };
}

function sleep<T>(ms = 1, value?: T, { signal }: { readonly signal?: AbortSignal } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(Object.assign(new Error("The operation was aborted"), { name: "AbortError", code: "ABORT_ERR" }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve(value as T);
    }, ms);
    if (signal?.aborted) aborted();
    else signal?.addEventListener("abort", aborted, { once: true });
  });
}

function installClock(): void {
  const RealDate = Date;
  const realNow = performance.now.bind(performance);
  const wall = () => (current ? EPOCH + schedule().now + schedule().wallOffset : RealDate.now());
  globalThis.Date = class extends RealDate {
    constructor(...given: unknown[]) {
      if (given.length === 0) super(wall());
      else super(...(given as [number]));
    }

    static override now(): number {
      return Math.floor(wall());
    }
  } as DateConstructor;
  performance.now = () => (current ? schedule().now : realNow());
  const realUptime = os.uptime;
  os.uptime = () => (current ? schedule().now / 1000 : realUptime());
}

function installRandom(): void {
  const realRandom = Math.random;
  const realBytes = crypto.randomBytes;
  const realUuid = crypto.randomUUID;
  const bytes = (size: number) => (current ? schedule().random.bytes(size) : realBytes(size));
  Math.random = () => (current ? schedule().random.next() : realRandom());
  crypto.randomBytes = bytes as typeof crypto.randomBytes;
  crypto.randomUUID = () => {
    if (!current) return realUuid();
    const hex = bytes(16).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
}

/** Fails a history whose code asks this machine about a path of the world, by a function that the world has no answer for. */
function guard(module: object): void {
  for (const [name, real] of Object.entries(module)) {
    if (typeof real !== "function" || /^[A-Z_]/.test(name)) continue;
    const apply = (_: unknown, self: unknown, all: unknown[]) => {
      const [path] = all;
      if (isOurs(path) || isProc(path)) schedule().fail(new Error(`the world has no ${name} for ${path}`));
      return Reflect.apply(real, self, all);
    };
    Object.assign(module, { [name]: new Proxy(real, { apply }) });
  }
}

/** Functions of node:fs/promises that the world answers for its own paths, when a disk would have. */
function installFiles(): void {
  const ask = {
    ...{ readdir: "list", unlink: "remove", stat: "stat" },
    ...{ rename: "rename", rm: "removeIfThere" },
  } as const satisfies Record<string, keyof Files>;
  for (const [name, method] of Object.entries(ask) as [keyof typeof ask, (typeof ask)[keyof typeof ask]][]) {
    const real = fsPromises[name] as (...args: unknown[]) => unknown;
    const replaced = async (path: unknown, ...rest: unknown[]) => {
      if (!isOurs(path)) return real(path, ...rest);
      await schedule().answer(name);
      const { files } = current!;
      return (files[method] as (...args: unknown[]) => unknown).call(files, path, ...rest);
    };
    Object.assign(fsPromises, { [name]: replaced });
  }
  const { mkdir, lchown, open } = fsPromises;
  fsPromises.open = (async (path: string, flags: string | number, mode: number) => {
    if (!isOurs(path)) return open(path, flags, mode);
    await schedule().answer("open");
    return current!.files.open(path, flags === "wx");
  }) as typeof fsPromises.open;
  fsPromises.mkdir = (async (path: string, options: unknown) => {
    if (!isOurs(path)) return mkdir(path, options as never);
    await schedule().answer("mkdir", current!.sockets.table.failure("slow-folder") ? SLOW_FOLDER_MS : undefined);
    current!.files.make(path, "folder");
    return undefined;
  }) as typeof fsPromises.mkdir;
  fsPromises.lchown = async (path, ...rest) => (isOurs(path) ? undefined : lchown(path, ...rest));
  const { existsSync, statSync, rmSync, readdirSync, mkdirSync, renameSync, unlinkSync } = fs;
  fs.mkdirSync = ((path: string, options: never) =>
    isOurs(path) ? current!.files.make(path, "folder") : mkdirSync(path, options)) as typeof fs.mkdirSync;
  const list = (path: string, ...rest: never[]) =>
    isOurs(path) ? current!.files.list(path) : readdirSync(path, ...rest);
  fs.existsSync = (path) => {
    if (isOurs(path)) return current!.files.kind(path) !== undefined;
    return isProc(path) ? readProc(current!.sockets, path) !== undefined : existsSync(path);
  };
  fs.rmSync = (path, options) => (isOurs(path) ? current!.files.removeIfThere(path) : rmSync(path, options));
  const stat = (path: string, options?: { throwIfNoEntry?: boolean }) => {
    if (!isOurs(path)) return statSync(path, options as never);
    const isMissing = current!.files.kind(path) === undefined;
    return isMissing && options?.throwIfNoEntry === false ? undefined : current!.files.stat(path);
  };
  const rename = (from: string, to: string) => (isOurs(from) ? current!.files.rename(from, to) : renameSync(from, to));
  const unlink = (path: string) => (isOurs(path) ? current!.files.remove(path) : unlinkSync(path));
  Object.assign(fs, { statSync: stat, readdirSync: list, renameSync: rename, unlinkSync: unlink });
}

/** Functions of node:fs that the world answers for /proc. */
function installProc(): void {
  const { opendirSync } = fs;
  fs.opendirSync = ((path: string, ...rest: never[]) =>
    isProc(path) ? openFolder(fs.readdirSync(path)) : opendirSync(path, ...rest)) as typeof fs.opendirSync;
  for (const name of ["readFileSync", "readdirSync", "readlinkSync"] as const) {
    const real = fs[name] as (...all: unknown[]) => unknown;
    const replaced = (path: unknown, ...rest: unknown[]) => {
      if (!isProc(path)) return real(path, ...rest);
      const found = readProc(current!.sockets, path);
      if (found !== undefined) return found;
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT", path });
    };
    Object.assign(fs, { [name]: replaced });
  }
}

/** Returns what `opendirSync` does. */
function openFolder(names: readonly string[]): object {
  const left = names.values();
  const read = ({ value: name }: IteratorResult<string, undefined>) => (name === undefined ? null : { name });
  return { readSync: () => read(left.next()), closeSync: () => {} };
}

function isProc(path: unknown): path is string {
  return current !== undefined && typeof path === "string" && path.startsWith("/proc/");
}

function isOurs(path: unknown): path is string {
  return current !== undefined && typeof path === "string" && path.startsWith(ROOT);
}

install();
