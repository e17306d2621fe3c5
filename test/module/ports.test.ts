// The CNF's end of an interconnect, whatever it is, and the status that follows from the ends and the punt.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { type CnfPort, closePort, listen, objection, portStats, sendToTap } from "../../lib/module/ports.js";
import { judge, type Situation } from "../../lib/module/status.js";

/** A port of the kind that writes its calls down. */
function portOf(kind: string, part: string, more: object = {}) {
  const calls: string[] = [];
  const inner = {
    receive: () => void calls.push("receive"),
    close: () => void calls.push("close"),
    stats: () => ({ connected: false, connectError: "ENOENT" }),
    ...more,
  };
  return { port: { kind, [part]: inner } as unknown as CnfPort, calls };
}

const ends = () => [portOf("memif", "memif"), portOf("tap", "packets"), portOf("af-unix", "socket")];

test("each kind of end is listened to, counted and closed", (t) => {
  for (const { port, calls } of ends()) {
    listen(port, () => {});
    t.deepEqual(portStats(port) as object, { connected: false, connectError: "ENOENT" });
    closePort(port);
    t.deepEqual(calls, ["receive", "close"], port.kind);
  }
});

test("a TAP whose frames are not open has no counters, and is listened to and closed without a word", (t) => {
  const tap = { kind: "tap", name: "tap0" } as unknown as CnfPort;
  t.is(portStats(tap), undefined);
  t.notThrows(() => listen(tap, () => {}));
  t.notThrows(() => closePort(tap));
});

test("a TAP takes a frame, has no room, or is not there; one of a wrong size is refused", (t) => {
  const packets = { device: "tap0", unfit: 0, send: ({ length }: Uint8Array) => (length === 60 ? 1 : 0) };
  t.true(sendToTap(packets as never, new Uint8Array(60)));
  t.false(sendToTap(packets as never, new Uint8Array(61)));
  t.false(sendToTap(undefined, new Uint8Array(60)));
  packets.send = () => ++packets.unfit && 1;
  const message = "cnf.send: a frame of 9000 bytes has no Ethernet header, or is longer than the MTU of tap0 allows";
  const error = t.throws<PuntError>(() => sendToTap(packets as never, new Uint8Array(9000)), { message });
  t.like(error, { code: "ERR_PACKET_SIZE", details: { length: 9000 } });
});

test("packets of a memif that answers come by its responder", (t) => {
  const { port, calls } = portOf("memif", "memif");
  const heard: string[] = [];
  listen({ ...port, responder: { receive: () => void heard.push("responder") } } as never, () => {});
  t.deepEqual(heard, ["responder"]);
  t.deepEqual(calls, []);
});

test("an end that is not connected says so, and which", (t) => {
  const hooks = (size: number) => ({ interfaces: { size } }) as never;
  const [memif, tap, socket] = ends().map(({ port }) => port);
  t.is(objection(memif!, 2, hooks(1), true), "interconnect 2: memif is not connected to VPP");
  t.is(objection(portOf("memif", "memif", { peer: {} }).port, 2, hooks(0), true), undefined);
  t.is(objection({ ...tap!, packets: undefined } as never, 0, hooks(0), false), undefined);
  t.is(objection({ ...tap!, packets: {} } as never, 0, hooks(0), true), undefined);
  const frameless = objection({ ...tap!, packets: undefined } as never, 0, hooks(0), true);
  t.is(frameless, "interconnect 0: the TAP's packet socket is not open yet");
  t.is(objection(socket!, 1, hooks(0), true), "interconnect 1: VPP's interfaces are not known yet");
  t.is(objection(socket!, 1, hooks(3), true), "interconnect 1: the punt socket is not connected to VPP (ENOENT)");
  const connected = portOf("af-unix", "socket", { stats: () => ({ connected: true }) }).port;
  t.is(objection(connected, 1, hooks(3), true), undefined);
});

const NOTHING: Situation = {
  ...{ punt: undefined, fatal: undefined, away: undefined, attachError: undefined, unconnected: [] },
};
const error = (code: string, message: string, cause?: unknown) => new PuntError("punt.x", code, message, {}, cause);
const punt = (state: string, more: object = {}) =>
  ({ state, reasons: [{ code: "R", text: "r" }], missing: [], ...more }) as never;
const statusOf = (more: Partial<Situation>) => {
  const { state, reasons } = judge({ ...NOTHING, ...more });
  return [state, ...reasons.map(({ code, text }) => `${code} ${text}`)];
};

test("a status says what is waited for", (t) => {
  t.deepEqual(statusOf({}), ["waiting", "ASKING the manager has not answered yet"]);
  t.deepEqual(statusOf({ punt: punt("INIT") }), ["waiting", "IN_PROGRESS VPP is being changed"]);
  const later = "UNKNOWN the daemon is of a later version, and says more than this program knows";
  t.deepEqual(statusOf({ punt: punt("UNKNOWN") }), ["waiting", later]);
  const missing = [{ kind: "vpp-interface", text: "no eth0" }];
  t.deepEqual(statusOf({ punt: punt("PENDING", { missing }) }), ["waiting", "VPP_INTERFACE no eth0"]);
  t.deepEqual(statusOf({ punt: punt("CREATED") }), ["ready"]);
  t.deepEqual(statusOf({ punt: punt("DEGRADED") }), ["degraded", "R r"]);
  t.deepEqual(statusOf({ punt: punt("CREATED"), unconnected: ["a", "b"] }), [
    ...["waiting", "NOT_CONNECTED a", "NOT_CONNECTED b"],
  ]);
  const attachError = error("EACCES", "no entry");
  t.deepEqual(statusOf({ punt: punt("DEGRADED"), attachError, unconnected: ["a"] }), [
    ...["waiting", "EACCES punt.x: no entry"],
  ]);
  t.deepEqual(statusOf({ punt: punt("CREATED"), fatal: error("ERR_X", "over") }), ["failed", "ERR_X punt.x: over"]);
});

test("a daemon that is away is a reason more, except of what has failed", (t) => {
  const away = error("ECONNREFUSED", "no answer", new Error("refused"));
  const asked = "DAEMON_AWAY no daemon has answered yet (punt.x: no answer: refused)";
  t.deepEqual(statusOf({ away }), ["waiting", asked]);
  const there = "the daemon is away; packets go on, and changes of the punt are not seen";
  t.deepEqual(statusOf({ punt: punt("CREATED"), away: error("E", "gone", new Error("gone")) }), [
    ...["ready", `DAEMON_AWAY ${there} (punt.x: gone)`],
  ]);
  t.deepEqual(statusOf({ away, fatal: error("ERR_X", "over") }), ["failed", "ERR_X punt.x: over"]);
});
