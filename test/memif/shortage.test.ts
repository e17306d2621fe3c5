// Descriptors, memory and threads that run out: each shortage is an error or an event that names it, and ends with it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { preloaded } from "../support/machine/preload.js";
import { type Ended, moduleText, runProgram } from "../support/machine/script.js";
import { memifSocket, openMemif, until } from "../support/memif/ports.js";
import { memifScript } from "../support/memif/scripts.js";
import { need } from "../support/need.js";

/** EMFILE in the words of glibc and of musl. */
const NO_DESCRIPTORS = "Too many open files|No file descriptors available";

/** Runs a script in a process that may have 128 descriptors. `take(left)` leaves it that many, `give()` gives all back. */
function runShort(t: ExecutionContext, body: string): Promise<Ended> {
  const script = memifScript(
    `import { closeSync, openSync } from "node:fs";
    const taken = [];
    function take(left) {
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      for (const fd of taken.splice(0, left)) closeSync(fd);
    }
    function give() { for (const fd of taken.splice(0)) closeSync(fd); }
    const next = (port, name) => new Promise((resolve) => port.once(name, resolve));
    ${body}`,
    memifSocket(t),
  );
  return runProgram(t, "sh", "-c", 'ulimit -n 128; exec "$@"', "sh", process.execPath, ...moduleText(script));
}

const { test } = need("no-sanitizer");

test("open with too few descriptors is EMFILE, and works when there are enough", async (t) => {
  const { output, code } = await runShort(
    t,
    `const seen = [];
    for (let left = 0; left < 12; left++) {
      take(left);
      try {
        Memif.open(serving).close();
        seen.push("open");
      } catch (error) {
        seen.push(error.code + (/control thread|memif.sock/.test(error.message) ? "" : error.message));
      }
      give();
    }
    console.log(seen.join(" "));`,
  );
  t.regex(output, /^(EMFILE )+(open ?)+\n$/);
  t.is(code, 0);
});

test("a connection with too few descriptors on either side is refused by name, and comes up when there are enough", async (t) => {
  const { output, code } = await runShort(
    t,
    `const server = Memif.open(serving);
    const reasons = new Set();
    // On a busy machine, other descriptors may be open for a moment, so that a shortage is at another step.
    const isSeen = () => ["client, self: cannot connect to", "server, self: cannot accept a client"].every((words) => [...reasons].some((reason) => reason.startsWith(words)));
    for (let round = 0; round < 10 && !isSeen(); round++) for (let left = 0; left < 16; left++) {
      take(left);
      const client = Memif.open({ ...connecting, reconnectMs: 5 });
      const refused = (side) => ({ reason, by }) => { if (by !== "peer" || /${NO_DESCRIPTORS}/.test(reason)) reasons.add(side + by + ": " + reason); };
      client.on("refused", refused("client, "));
      server.on("refused", refused("server, "));
      const up = Promise.all([next(client, "up"), next(server, "up")]);
      await Promise.race([up, next(client, "refused"), next(server, "refused"), new Promise((resolve) => setTimeout(resolve, 300))]);
      give();
      await up;
      const down = next(server, "down");
      client.close();
      await down;
      server.removeAllListeners();
    }
    console.log([...reasons].sort().join("\\n"));
    server.close();`,
  );
  t.is(code, 0, output);
  const reasons = output.trim().split("\n");
  // No shortage of ours is called a violation of the peer's.
  t.deepEqual(
    reasons.filter((reason) => !/, self: /.test(reason)),
    [],
  );
  t.regex(output, /^client, self: cannot connect to/m);
  t.regex(output, new RegExp(`^server, self: cannot accept a client: (${NO_DESCRIPTORS})$`, "m"));
});

/**
 * Runs a script whose `limit(bytes)` lets its address space grow by no more than that, and whose `lift()` ends the limit. Its output ends as
 * `say(text)` has it. Another process measures and limits it: the script stands still then and has collected its garbage, so that nothing of its
 * own counts.
 */
async function runLimited(t: ExecutionContext, body: string): Promise<Ended> {
  const script = memifScript(
    `import { readSync, writeSync } from "node:fs";
    const answer = Buffer.alloc(1);
    const ask = (words) => {
      writeSync(1, words + "\\n");
      readSync(0, answer);
    };
    const limit = (bytes) => { gc(); ask("limit " + bytes); };
    const lift = () => ask("lift");
    const say = (text) => writeSync(1, text + "\\n");
    ${body}`,
    memifSocket(t),
  );
  const child = spawn(process.execPath, moduleText(script), { stdio: ["pipe", "pipe", "pipe"] });
  t.teardown(() => child.kill("SIGKILL"));
  const said: string[] = [];
  child.stderr.on("data", (text) => said.push(String(text)));
  createInterface(child.stdout).on("line", (line) => {
    const words = /^(?:limit (\d+)|lift)$/.exec(line);
    if (words === null) {
      said.push(line);
      return;
    }
    limitMemory(child.pid!, words[1] === undefined ? undefined : Number(words[1]));
    child.stdin.write("\n");
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { output: said.join("\n"), code, signal };
}

function limitMemory(pid: number, more: number | undefined): void {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[0]);
  const bytes = more === undefined ? "unlimited" : pages * 4096 + more;
  execFileSync("prlimit", ["--pid", String(pid), `--as=${bytes}:`]);
}

need("no-sanitizer", "prlimit", "glibc").test(
  "a control thread that the system refuses is an error, and there at the next open",
  async (t) => {
    const { output, code } = await runLimited(
      t,
      // A thread's stack is 8 MiB in glibc, and 128 KiB in musl, which Node.js may need itself.
      `limit(4 * 2 ** 20);
      let code = "open";
      try { Memif.open(serving); } catch (error) { code = error.code + " " + error.message; }
      lift();
      say(code);
      Memif.open(serving).close();`,
    );
    t.regex(output, /^EAGAIN memif.open: control thread: /);
    t.is(code, 0);
  },
);

need("no-sanitizer", "prlimit").test(
  "a receive queue without memory for scattered packets is an error, and opens when there is some",
  async (t) => {
    const { output, code } = await runLimited(
      t,
      // The scratch memory of a queue is 512 KiB.
      `const server = Memif.open({ ...serving, rxQueues: 3 });
      const opened = [];
      const open = (queue) => { try { server.receive(() => {}, [queue]); return "open"; } catch (error) { return error.code; } };
      opened.push(open(0));
      limit(448 * 1024);
      opened.push(open(1));
      lift();
      opened.push(open(1));
      say(opened.join(" "));
      server.close();`,
    );
    t.is(output, "open ENOMEM open");
    t.is(code, 0);
  },
);

/** Runs a script whose `unwatch(kind)` has epoll take no more files of that kind, in the words of /proc; "": it takes all. */
function runWithoutWatches(t: ExecutionContext, body: string, socket = memifSocket(t)): Promise<Ended> {
  const words = `${socket}.kind`;
  const script = memifScript(
    `import { renameSync, writeFileSync } from "node:fs";
    const words = ${JSON.stringify(words)};
    const unwatch = (kind) => {
      writeFileSync(words + ".new", kind);
      renameSync(words + ".new", words);
    };
    const next = (port, name) => new Promise((resolve) => port.once(name, resolve));
    const say = ({ by, reason }) => console.log(by + ": " + reason);
    ${body}`,
    socket,
  );
  const variables = Object.entries({ ...preloaded("no_watches"), NO_WATCHES: words });
  const env = variables.map(([name, value]) => `${name}=${value}`);
  return runProgram(t, "env", ...env, process.execPath, ...moduleText(script));
}

const NO_CONTROL = "self: control socket cannot be watched: No space left on device (fs.epoll.max_user_watches)\n";
const NO_WATCHES = "self: a doorbell cannot be watched: No space left on device (fs.epoll.max_user_watches)\n";

for (const [receiver, sender] of [
  ["server", "client"],
  ["client", "server"],
] as const) {
  need("no-sanitizer", "cc-of-node").test(
    `a ${receiver} whose doorbell cannot be watched ends its connection by name, and receives once it can`,
    async (t) => {
      const { output, code } = await runWithoutWatches(
        t,
        `const server = Memif.open(serving);
        const client = Memif.open(connecting);
        let packets = 0;
        unwatch("anon_inode:[eventfd]");
        ${receiver}.receive((batch) => { packets += batch.length; });
        say(await next(${receiver}, "down"));
        await next(${receiver}, "down");
        unwatch("");
        while (packets === 0) {
          ${sender}.send(new Uint8Array(60));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        server.close();
        client.close();`,
      );
      t.is(output, NO_WATCHES);
      t.is(code, 0);
    },
  );
}

need("no-sanitizer", "cc-of-node").test(
  "a queue that is opened when its doorbell cannot be watched ends the connection by name",
  async (t) => {
    const { output, code } = await runWithoutWatches(
      t,
      `const server = Memif.open(serving);
      const client = Memif.open(connecting);
      await next(server, "up");
      unwatch("anon_inode:[eventfd]");
      const down = next(server, "down");
      server.receive(() => {});
      say(await down);
      unwatch("");
      server.close();
      client.close();`,
    );
    t.is(output, NO_WATCHES);
    t.is(code, 0);
  },
);

need("no-sanitizer", "cc-of-node").test("a client whose connections end at once pauses longer each time", async (t) => {
  const { output, code } = await runWithoutWatches(
    t,
    `const server = Memif.open(serving);
    unwatch("anon_inode:[eventfd]");
    const began = performance.now();
    const client = Memif.open(connecting);
    client.receive(() => {});
    for (let i = 0; i < 5; i++) await next(client, "down");
    while (client.stats().connects < 6) await next(client, "up");
    console.log(performance.now() - began);
    unwatch("");
    server.close();
    client.close();`,
  );
  // 20, 40, 80, 160 and 320 ms; five pauses of 20 ms without that.
  t.true(Number(output) >= 620, output);
  t.is(code, 0);
});

need("no-sanitizer", "cc-of-node").test(
  "a client whose control socket cannot be watched says so, and connects once it can",
  async (t) => {
    const socket = memifSocket(t);
    openMemif(t, { role: "server", socket });
    const { output, code } = await runWithoutWatches(
      t,
      `unwatch("socket:");
    const client = Memif.open({ ...connecting, reconnectMs: 5 });
    say(await next(client, "refused"));
    unwatch("");
    await next(client, "up");
    client.close();`,
      socket,
    );
    t.is(output, NO_CONTROL);
    t.is(code, 0);
  },
);

need("no-sanitizer", "cc-of-node").test(
  "a server that cannot watch a client's control socket says so, and takes the client once it can",
  async (t) => {
    const socket = memifSocket(t);
    const ended = runWithoutWatches(
      t,
      `const server = Memif.open(serving);
    unwatch("socket:");
    say(await next(server, "refused"));
    unwatch("");
    await next(server, "up");
    server.close();`,
      socket,
    );
    await until(() => existsSync(`${socket}.kind`));
    openMemif(t, { role: "client", socket, reconnectMs: 5 });
    t.like(await ended, { output: NO_CONTROL, code: 0 });
  },
);
