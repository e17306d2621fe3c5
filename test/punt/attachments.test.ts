// The CNF's ends of a punt, over restarts of VPP and until they are closed.
import test from "ava";
import { Attachments } from "../../lib/punt/attach.js";

/** Ends of a memif, a TAP and a punt socket that note what happens to them. */
function ends() {
  const done: string[] = [];
  const note = (what: string) => (path?: string) => void done.push(path === undefined ? what : `${what} ${path}`);
  const memif = { close: note("memif closed"), reconnect: note("memif connected again") };
  const socket = { close: note("socket closed"), reconnect: note("socket connected again to") };
  const ports = [
    { kind: "memif", memif },
    { kind: "tap", name: "tap0", namespace: "" },
    { kind: "af-unix", socket },
  ];
  return { done, attachments: new Attachments(ports as never) };
}

const metadata = {
  interconnects: [
    { attachment: { kind: "memif", socket: "/run/m.sock" } },
    { attachment: { kind: "tap", name: "tap0" } },
    { attachment: { kind: "af-unix", path: "/run/a.sock", vppPath: "/run/vpp/punt.sock" } },
  ],
};

test("punt sockets are connected to the socket that VPP has now; the other ends come back by themselves", (t) => {
  const { done, attachments } = ends();
  attachments.reconnect(metadata as never);
  t.deepEqual(done, ["socket connected again to /run/vpp/punt.sock"]);
});

test("a punt without metadata, or with those of another type, leaves its punt sockets as they are", (t) => {
  const { done, attachments } = ends();
  attachments.reconnect({ interconnects: [] } as never);
  attachments.reconnect({ interconnects: metadata.interconnects.slice(0, 2).reverse() } as never);
  t.deepEqual(done, []);
});

test("memifs and punt sockets are closed once; a TAP has nothing to close", (t) => {
  const { done, attachments } = ends();
  t.false(attachments.isClosed);
  attachments.close();
  attachments[Symbol.dispose]();
  t.true(attachments.isClosed);
  t.deepEqual(done, ["memif closed", "socket closed"]);
});
