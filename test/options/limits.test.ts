// The options that each part has, the largest and smallest values that it takes, and its words about the next ones.
import test from "ava";
import { checkRequest, checkSubscription, checkOptions as checkVpp } from "../../lib/binapi/options.js";
import { checkDaemonOptions } from "../../lib/daemon/options.js";
import type { PuntError } from "../../lib/index.js";
import { checkOptions as checkMemif } from "../../lib/memif/options.js";
import { checkOpenOptions } from "../../lib/module/open-options.js";
import { checkConnectOptions } from "../../lib/module/options.js";
import { checkOptions as checkManager, marksOf } from "../../lib/punt/options.js";
import { nativeOptions } from "../../lib/punt-socket/options.js";

interface Part {
  readonly op: string;
  /** Options that each check has besides. */
  readonly base: object;
  check(options: never): unknown;
  /** All options that there are; the message about another one lists them. */
  readonly names: readonly string[];
  readonly takes: readonly object[];
  /** An option's value, and the message behind "option NAME ". */
  readonly refuses: readonly (readonly [object, string])[];
}

const DAY = 86_400_000;
const LONGEST_MS = 2 ** 31 - 1;
const path = (bytes: number) => `/${"x".repeat(bytes - 1)}`;
const ms = (from: number) => `must be a number of ms from ${from} to ${LONGEST_MS}; got `;
const whole = (from: number, to: number) => `must be a whole number from ${from} to ${to}; got `;
const vpp = { call() {} };
const DAEMON = {
  ...{ attachSocket: "/a.sock", vppSocket: "/v.sock", socketDirectory: "/s", socketMode: 0o660 },
  ...{ watcherPatience: 1, drainTime: 0 },
};

const parts: readonly Part[] = [
  {
    ...{ op: "memif.open", base: { role: "client", socket: "/m.sock" }, check: checkMemif },
    names: [
      ...["role", "socket", "descriptor", "id", "mode", "secret", "name", "rxQueues", "txQueues", "ringSize"],
      ...["bufferSize", "rxMode", "burst", "spareBuffers", "socketMode", "reconnectMs", "zeroCopy", "engine", "filter"],
    ],
    takes: [
      ...[{ burst: 1 }, { burst: 16384 }, { spareBuffers: 16384 }, { socketMode: 0 }, { socketMode: 0o777 }],
      ...[{ reconnectMs: 1 }, { reconnectMs: 60000 }, { rxMode: "interrupt" }, { rxMode: "polling" }],
    ],
    refuses: [
      [{ burst: 16385 }, `${whole(1, 16384)}16385`],
      [{ spareBuffers: 16385 }, `${whole(0, 16384)}16385`],
      [{ reconnectMs: 60001 }, `${whole(1, 60000)}60001`],
      [{ rxQueues: 17 }, `${whole(1, 16)}17`],
      [{ descriptor: 5, socket: undefined }, "must be a Descriptor"],
    ],
  },
  {
    ...{ op: "punt-socket.open", base: { path: "/p.sock" }, check: nativeOptions },
    names: [
      ...["path", "descriptor", "vppPath", "onBatch", "mode", "group", "batchSize", "maxPacket", "ringBytes"],
      ...["takeOverUs", "gatherUs", "filter", "onWarning", "sendBuffer", "copy"],
    ],
    takes: [
      ...[{ mode: 0 }, { mode: 0o777 }, { group: 0 }, { group: 2 ** 32 - 2 }, { batchSize: 1 }, { batchSize: 1024 }],
      ...[{ maxPacket: 64 }, { maxPacket: 65535 }, { ringBytes: 2 ** 21 }, { ringBytes: 2 ** 32 }, { takeOverUs: 10 }],
      ...[{ takeOverUs: 1e6 }, { gatherUs: 0 }, { gatherUs: 1000 }, { sendBuffer: 2 ** 30 }, { vppPath: null }],
    ],
    refuses: [
      [{ mode: 0o1000 }, `${whole(0, 511)}512`],
      [{ group: 2 ** 32 - 1 }, `${whole(0, 2 ** 32 - 2)}4294967295`],
      [{ group: "" }, 'must be at least 1 bytes long; got ""'],
      [{ group: "no-such-group" }, "must be a group of this system; no-such-group is not known to it"],
      [{ maxPacket: 63 }, `${whole(64, 65535)}63`],
      [{ ringBytes: 2 ** 21 - 1 }, `${whole(2 ** 21, 2 ** 32)}2097151`],
      [{ ringBytes: 2 ** 32 + 1 }, `${whole(2 ** 21, 2 ** 32)}4294967297`],
      [{ takeOverUs: 9 }, `${whole(10, 1e6)}9`],
      [{ takeOverUs: 1e6 + 1 }, `${whole(10, 1e6)}1000001`],
      [{ gatherUs: 1001 }, `${whole(0, 1000)}1001`],
      [{ sendBuffer: 2 ** 30 + 1 }, `${whole(0, 2 ** 30)}1073741825`],
      [{ copy: 1 }, "must be true or false; got 1"],
      [{ descriptor: 5 }, "must be a Descriptor"],
    ],
  },
  {
    ...{ op: "punts.connect", base: {}, check: checkConnectOptions },
    names: ["socket", "tls", "wait", "answerTimeout", "host", "session"],
    takes: [
      ...[{ socket: path(107) }, { wait: true }, { wait: 0 }, { wait: LONGEST_MS }, { answerTimeout: 1 }],
      ...[{ answerTimeout: LONGEST_MS }, { host: "h" }, { host: "h".repeat(255) }, { session: { cnf: "c" } }],
      ...[{ session: { cnf: "c".repeat(63), grace: DAY } }, { session: { cnf: "c", grace: 0 } }],
    ],
    refuses: [
      [{ wait: false }, `${ms(0)}false`],
      [{ wait: -1 }, `${ms(0)}-1`],
      [{ answerTimeout: 0 }, `${whole(1, LONGEST_MS)}0`],
      [{ host: "" }, 'must be at least 1 bytes long; got ""'],
      [{ host: "h".repeat(256) }, "must be at most 255 bytes long; got 256 bytes"],
      [{ session: { cnf: "c" }, host: "h" }, "does not go with host"],
      [{ "session.more": 1, session: { cnf: "c", more: 1 } }, "does not exist; the options are cnf, grace"],
      [{ "session.cnf": 1, session: { cnf: "" } }, 'must be at least 1 bytes long; got ""'],
      [{ "session.grace": 1, session: { cnf: "c", grace: DAY + 1 } }, `${whole(0, DAY)}86400001`],
      [{ tls: {}, socket: "/s" }, "does not go with socket"],
      [{ "tls.more": 1, tls: { more: 1 } }, "does not exist; the options are host, port, cert, key, ca"],
      [{ "tls.host": 1, tls: { host: "" } }, 'must be at least 1 bytes long; got ""'],
      [{ "tls.port": 1, tls: { host: "h", port: 0 } }, `${whole(1, 65535)}0`],
      [{ "tls.port": 1, tls: { host: "h", port: 65536 } }, `${whole(1, 65535)}65536`],
      [
        { "tls.cert": 1, tls: { host: "h", port: 1, cert: "/c", key: "", ca: "" } },
        "must be a PEM text, and not a path",
      ],
    ],
  },
  {
    ...{ op: "cnf.open", base: {}, check: checkOpenOptions },
    names: [
      ...["socket", "tls", "vpp", "vppSocket", "manager", "socketDirectory", "daemon", "lifetime", "grace", "attach"],
      "answer",
    ],
    takes: [
      ...[{ grace: 0 }, { grace: DAY }, { lifetime: "session" }, { lifetime: "persistent" }, { daemon: false }],
      ...[
        { socketDirectory: path(77) },
        { vppSocket: path(107) },
        { attach: {} },
        { answer: ["arp"] },
        { manager: {} },
      ],
    ],
    refuses: [
      [{ grace: DAY + 1 }, `${whole(0, DAY)}86400001`],
      [{ lifetime: "forever" }, 'must be one of "persistent", "session"; got "forever"'],
      [{ daemon: 1 }, "must be true or false; got 1"],
      [{ socketDirectory: path(78) }, "must be at most 77 bytes long; got 78 bytes"],
      [{ vppSocket: path(108) }, "must be at most 107 bytes long; got 108 bytes"],
      [{ "attach.more": 1, attach: { more: 1 } }, "does not exist; the options are memif, puntSocket"],
      [{ "attach.memif": 1, attach: { memif: 1 } }, "must be an object; got 1"],
      [
        { "answer.more": 1, answer: { more: 1 } },
        "does not exist; the options are kinds, passAnswered, answersPerBurst, ipAddresses",
      ],
      ...["daemon", "socket", "tls", "vppSocket", "socketDirectory"].map((name) => {
        const value = { daemon: true, tls: {} }[name] ?? "/p";
        return [{ vpp: { apiSocket: "/a", directory: "/d" }, [name]: value }, `does not go with ${name}`] as const;
      }),
    ],
  },
  {
    ...{ op: "daemon.start", base: DAEMON, check: checkDaemonOptions },
    names: [
      ...[
        "socket",
        "attachSocket",
        "sockets",
        "socketMode",
        "socketGroup",
        "vppSocket",
        "statsSocket",
        "state",
        "etcd",
      ],
      ...["policy", "audit", "tls", "http", "page", "socketDirectory", "watcherPatience", "drainTime", "manager"],
      ...["stonework", "logger", "credentials"],
    ],
    takes: [
      ...[{ socketMode: 0 }, { socketMode: 0o777 }, { socketGroup: 0 }, { socketGroup: 2 ** 32 - 2 }],
      ...[{ socketDirectory: path(77) }, { watcherPatience: 1 }, { drainTime: 0 }, { http: { port: 0 } }],
      ...[{ http: { host: "h".repeat(255), port: 65535 } }, { page: {} }, { page: { host: "::1", port: 65535 } }],
      ...[{ page: { host: "localhost", port: 0 } }, { page: { host: "127.0.0.1" } }],
    ],
    refuses: [
      [{ socketMode: 0o1000 }, `${whole(0, 511)}512`],
      [{ socketGroup: 2 ** 32 - 1 }, `${whole(0, 2 ** 32 - 2)}4294967295`],
      [{ socketDirectory: path(78) }, "must be at most 77 bytes long; got 78 bytes"],
      [{ watcherPatience: 0 }, `${ms(1)}0`],
      [{ drainTime: -1 }, `${ms(0)}-1`],
      [{ state: "relative" }, 'must be an absolute path; got "relative"'],
      [{ policy: "relative" }, 'must be an absolute path; got "relative"'],
      [{ audit: "relative" }, 'must be an absolute path; got "relative"'],
      [{ attachSocket: "relative" }, 'must be an absolute path; got "relative"'],
      [{ statsSocket: "relative" }, 'must be an absolute path; got "relative"'],
      [{ "http.more": 1, http: { more: 1 } }, "does not exist; the options are host, port"],
      [{ "http.port": 1, http: { port: 65536 } }, `${whole(0, 65535)}65536`],
      [{ "http.host": 1, http: { host: "", port: 1 } }, 'must be at least 1 bytes long; got ""'],
      [{ "page.more": 1, page: { more: 1 } }, "does not exist; the options are host, port"],
      [{ "page.port": 1, page: { port: -1 } }, `${whole(0, 65535)}-1`],
      [
        { "page.host": 1, page: { host: "0.0.0.0" } },
        "must be one of 127.0.0.1, ::1, localhost: other machines reach the page by the option tls",
      ],
      [{ "tls.more": 1, tls: { more: 1 } }, "does not exist; the options are host, port, cert, key, ca, pingInterval"],
      [{ "tls.pingInterval": 1, tls: { host: "h", port: 0, pingInterval: 0 } }, `${ms(1)}0`],
      [{ tls: { host: "h", port: 0, cert: "c", key: "k", ca: "a" } }, "needs a policy, which says who may come by TCP"],
    ],
  },
  {
    ...{ op: "punt.start", base: { vpp }, check: checkManager },
    names: [
      ...["vpp", "store", "host", "vppNamespace", "containers", "memifDirectory", "subnets", "policyIdPrefix", "owner"],
      ...["naming", "resyncInterval", "retry", "returnTime", "readOnly"],
    ],
    takes: [
      ...[{ resyncInterval: 1 }, { returnTime: 0 }, { returnTime: LONGEST_MS }, { retry: {} }, { subnets: {} }],
      ...[{ retry: { firstDelay: 1, longestDelay: 1 } }, { vppNamespace: path(4095) }, { containers: path(107) }],
    ],
    refuses: [
      [{ vpp: {} }, "must be a connection to VPP, such as `await Vpp.connect()`"],
      [{ vpp: null }, "must be a connection to VPP, such as `await Vpp.connect()`"],
      [{ store: { load() {} } }, "must be a store, such as `new FileStore(path)`"],
      [{ store: null }, "must be a store, such as `new FileStore(path)`"],
      [{ host: { identify() {}, links() {} } }, "must be a host, such as `new LinuxHost()`"],
      [{ resyncInterval: 0 }, `${ms(1)}0`],
      [{ returnTime: -1 }, `${ms(0)}-1`],
      [{ "retry.more": 1, retry: { more: 1 } }, "does not exist; the options are firstDelay, longestDelay"],
      [{ "retry.firstDelay": 1, retry: { firstDelay: 0 } }, `${ms(1)}0`],
      [{ "retry.longestDelay": 1, retry: { longestDelay: 0 } }, `${ms(1)}0`],
      [{ "subnets.more": 1, subnets: { more: 1 } }, "does not exist; the options are ipv4, ipv6"],
      [{ "subnets.ipv6": 1, subnets: { ipv6: 6 } }, "must be a string; got 6"],
      [{ "containers.more": 1, containers: { more: 1 } }, "does not exist; the options are cri"],
      [{ "containers.cri": 1, containers: { cri: "c" } }, 'must be an absolute path; got "c"'],
      [{ vppNamespace: path(4096) }, "must be at most 4095 bytes long; got 4096 bytes"],
    ],
  },
];

for (const { op, base, check, names, takes, refuses } of parts) {
  const refusal = (options: object) =>
    [() => check({ ...base, ...options } as never), { code: "ERR_OPTION" }, JSON.stringify(options)] as const;

  test(`${op} lists its options, and takes each of them`, (t) => {
    const error = t.throws(...refusal({ unheardOf: 1 }));
    t.is(error!.message, `${op}: option unheardOf does not exist; the options are ${names.join(", ")}`);
    const all = Object.fromEntries(names.map((name) => [name, undefined]));
    t.notThrows(() => check({ ...all, ...base } as never));
  });

  test(`${op} takes the smallest and the largest values`, (t) => {
    for (const options of takes) t.notThrows(() => check({ ...base, ...options } as never), JSON.stringify(options));
  });

  test(`${op} refuses the values next to them, and says why`, (t) => {
    for (const [options, words] of refuses) {
      const nested = Object.keys(options).find((name) => name.includes("."));
      const { [nested ?? ""]: _, ...given } = options as Record<string, unknown>;
      const option = nested ?? Object.keys(options)[0]!;
      const error = t.throws(...refusal(given)) as PuntError;
      t.is(error?.message, `${op}: option ${option} ${words}`);
      t.is(error?.details.option, option);
    }
  });
}

test("binapi.connect takes its own options and the limits of each", (t) => {
  const names = ["socketPath", "name", "transport", "schema", "window", "queueLimit", "timeout", "connectTimeout"];
  const all = Object.fromEntries([...names, "reconnect", "wait", "trace", "signal"].map((name) => [name, undefined]));
  t.notThrows(() => checkVpp(all));
  const takes: object[] = [
    { window: 2 },
    { queueLimit: 1 },
    { timeout: 0 },
    { timeout: Number.POSITIVE_INFINITY },
    { wait: 0 },
  ];
  takes.push({ name: "x".repeat(63) }, { reconnect: false }, { reconnect: { min: 1 } }, { reconnect: { max: 1 } });
  for (const options of [...takes, { connectTimeout: LONGEST_MS }, { wait: true }, { wait: LONGEST_MS }])
    t.notThrows(() => checkVpp(options), JSON.stringify(options));
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ unheardOf: 1 }, /^binapi\.connect: option unheardOf is not an option$/],
    [{ window: 1 }, /^binapi\.connect: option window must be a number from 2 to \d+$/],
    [{ queueLimit: 0 }, /option queueLimit must be a number from 1 to \d+$/],
    [{ timeout: -1 }, /option timeout must be a number from 0 to Infinity$/],
    [{ connectTimeout: LONGEST_MS + 1 }, /option connectTimeout must be a number from 0 to 2147483647$/],
    [{ wait: LONGEST_MS + 1 }, /option wait must be a number from 0 to 2147483647$/],
    [{ transport: "tcp" }, /option transport must be "socket", "vapi" or a Transport$/],
    [{ transport: {} }, /option transport must be "socket", "vapi" or a Transport$/],
    [{ schema: {} }, /option schema must be "auto", "builtin", \{ folder \} or a Schema$/],
    [{ socketPath: "" }, /option socketPath must be at least 1 bytes long; got ""$/],
    [{ name: "x".repeat(64) }, /option name must be at most 63 bytes long; got 64 bytes$/],
    [{ name: 5 }, /option name must be a string; got 5$/],
    [{ trace: 5 }, /option trace must be a path or a function$/],
    [{ trace: "" }, /option trace must be a path or a function$/],
    [{ signal: 5 }, /option signal must be an AbortSignal$/],
    [{ reconnect: 5 }, /option reconnect must be an object; got 5$/],
    [{ reconnect: { most: 5 } }, /option reconnect\.most does not exist; the options are min, max$/],
    [{ reconnect: { min: 0 } }, /option reconnect\.min must be a number from 1 to 2147483647$/],
    [{ reconnect: { max: Number.NaN } }, /option reconnect\.max must be a number from 1 to 2147483647$/],
  ];
  for (const [options, message] of refused) t.throws(() => checkVpp(options), { code: "ERR_OPTION", message });
});

test("a request and a subscription have options of their own", (t) => {
  const signal = new AbortController().signal;
  for (const options of [{}, { timeout: 0 }, { timeout: 0.5 }, { signal }, { fenced: true }])
    t.notThrows(() => checkRequest("show_version", options), JSON.stringify(options));
  const request = { code: "ERR_OPTION" };
  const refused: readonly (readonly [object | null, string, string])[] = [
    [null, "options", "must be an object"],
    [(() => {}) as never, "options", "must be an object"],
    [{ more: 1 }, "more", "is not an option"],
    [{ timeout: -1 }, "timeout", "must be a number of ms from 0"],
    [{ timeout: "1" }, "timeout", "must be a number of ms from 0"],
    [{ timeout: Number.NaN }, "timeout", "must be a number of ms from 0"],
    [{ signal: {} }, "signal", "must be an AbortSignal"],
    [{ signal: new EventTarget() }, "signal", "must be an AbortSignal"],
    [{ signal: { aborted: false } }, "signal", "must be an AbortSignal"],
    [{ signal: null }, "signal", "must be an AbortSignal"],
  ];
  for (const [options, option, rule] of refused) {
    const message = `binapi.call: show_version: option ${option} ${rule}`;
    const error = t.throws(() => checkRequest("show_version", options as never), { ...request, message });
    t.like(error, { details: { message: "show_version", option } });
  }
  const event = "sw_interface_event";
  for (const options of [{}, { queueLimit: 1 }]) t.notThrows(() => checkSubscription(event, options));
  const wrong: readonly (readonly [object | null, string, string])[] = [
    [null, "options", "must be an object"],
    [5 as never, "options", "must be an object"],
    [{ more: 1 }, "more", "is not an option"],
    ...[0, 1.5, "1"].map((queueLimit) => [{ queueLimit }, "queueLimit", "must be a count from 1"] as const),
  ];
  for (const [options, option, rule] of wrong) {
    const message = `binapi.subscribe: ${event}: option ${option} ${rule}`;
    const error = t.throws(() => checkSubscription(event, options as never), { ...request, message });
    t.like(error, { details: { message: event, option } });
  }
  for (const name of ["", 5])
    t.throws(() => checkSubscription(name as never, {}), { ...request, message: /option event must be/ });
});

test("a manager's own marks have limits", (t) => {
  const refused: readonly (readonly [object, string])[] = [
    [{ owner: "" }, "option owner must be 1 to 20 letters, digits or '-'; got \"\""],
    [{ owner: "x".repeat(21) }, `option owner must be 1 to 20 letters, digits or '-'; got "${"x".repeat(21)}"`],
    [{ owner: "a b" }, "option owner must be 1 to 20 letters, digits or '-'; got \"a b\""],
    [{ naming: "other" }, 'option naming must be one of "own", "stonework"; got "other"'],
    [{ naming: "stonework", owner: "a" }, "option naming is for the default owner only"],
    [{ memifDirectory: path(91) }, "option memifDirectory must be at most 90 bytes long; got 91 bytes"],
    [{ owner: "abc", memifDirectory: path(87) }, "option memifDirectory must be at most 86 bytes long; got 87 bytes"],
    [{ memifDirectory: "/a/" }, "option memifDirectory must be a folder's path without a / at its end"],
    [{ policyIdPrefix: 256 }, `option policyIdPrefix ${whole(0, 255)}256`],
    [{ policyIdPrefix: -1 }, `option policyIdPrefix ${whole(0, 255)}-1`],
  ];
  for (const [options, message] of refused)
    t.throws(
      () => marksOf(options),
      { code: "ERR_OPTION", message: `punt.start: ${message}` },
      JSON.stringify(options),
    );
  const taken = [{ owner: "x".repeat(20) }, { memifDirectory: path(90) }, { owner: "abc", memifDirectory: path(86) }];
  for (const options of [...taken, { policyIdPrefix: 0 }, { policyIdPrefix: 255 }, { naming: "stonework" }, {}])
    t.notThrows(() => marksOf(options as never), JSON.stringify(options));
});
