// The ends that the daemon opens for a CNF: which ones, by what identity, and none where one fails.
import { rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import test from "ava";
import { type OpenedEnd, openEnds, type Wanted } from "../../lib/daemon/attach/ends.js";
import { networkNamespace, OWN_NAMESPACE } from "../../lib/descriptor/index.js";
import type { PuntError } from "../../lib/errors.js";
import type { PuntMetadata } from "../../lib/punt/index.js";
import { openDescriptors, until } from "../support/descriptor/peer.js";
import { memifSide, socketSide, tap } from "../support/module/ends.js";
import { need } from "../support/need.js";
import { cable } from "../support/packet-socket/wire.js";

const metadataOf = (...interconnects: object[]) => ({ interconnects }) as unknown as PuntMetadata;
const wanted = (more: Partial<Wanted> = {}): Wanted => ({ have: {}, packets: true, socketDirectory: "/none", ...more });

/** Opens the ends, names them, and closes them. */
function named(...[metadata, how]: Parameters<typeof openEnds>): string[] {
  const opened = openEnds(metadata, how);
  for (const { descriptor } of opened) descriptor.close();
  return opened.map(({ end }) => `${end.kind}/${end.interconnect}`);
}

const haveOf = (opened: readonly OpenedEnd[]) =>
  Object.fromEntries(opened.map(({ end }) => [`${end.kind}/${end.interconnect}`, end.identity]));

test("the daemon binds the punt sockets in its own folder, and leaves the others to their CNFs", (t) => {
  const side = socketSide(t);
  const metadata = metadataOf(side.interconnect);
  const own = wanted({ socketDirectory: side.folder });
  t.deepEqual(named(metadata, own), ["socket/0", "inject/0"]);
  t.deepEqual(named(metadata, wanted()), ["inject/0"]);
  t.deepEqual(named(metadata, wanted({ socketDirectory: dirname(side.folder) })), ["inject/0"]);
  const { vppPath: _, ...attachment } = side.interconnect.attachment as { vppPath?: string };
  const alone = metadataOf({ ...side.interconnect, attachment });
  t.deepEqual(named(alone, own), ["socket/0"]);
  t.deepEqual(named(alone, wanted()), []);
  t.deepEqual(named(metadata, { ...own, only: ["inject"] }), ["inject/0"]);
  t.deepEqual(named(metadata, { ...own, only: ["memif"] }), []);
});

test("a punt socket that a living CNF has is taken over, unless it was asked for only if it is free", (t) => {
  const side = socketSide(t);
  const metadata = metadataOf(side.interconnect);
  const own = wanted({ socketDirectory: side.folder, only: ["socket"] });
  const [first] = openEnds(metadata, own);
  t.teardown(() => first!.descriptor.close());
  t.throws(() => openEnds(metadata, { ...own, ifFree: true }), { code: "EADDRINUSE" });
  t.deepEqual(named(metadata, own), ["socket/0"]);
});

test("an end is opened again only where its identity is another, as after a restart of VPP", (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  const metadata = metadataOf(memif.interconnect, socket.interconnect);
  const opened = openEnds(metadata, wanted());
  for (const { descriptor } of opened) descriptor.close();
  const have = haveOf(opened);
  t.deepEqual(Object.keys(have), ["memif/0", "inject/1"]);
  const path = (memif.interconnect.attachment as { socket: string }).socket;
  const { dev, ino, ctimeNs } = statSync(path, { bigint: true });
  t.is(have["memif/0"], `${dev}:${ino}:${ctimeNs}`);
  t.deepEqual(named(metadata, wanted({ have })), []);
  memif.server.close();
  memif.serve();
  t.deepEqual(named(metadata, wanted({ have })), ["memif/0"]);
  t.deepEqual(named(metadata, wanted({ have: { ...have, "inject/1": "old" } })), ["memif/0", "inject/1"]);
});

test.serial("where an end cannot be opened, none is open and VPP's socket is named", async (t) => {
  const [first, second] = [memifSide(t), memifSide(t)];
  const metadata = metadataOf(first.interconnect, second.interconnect);
  const { socket: path } = second.interconnect.attachment as { socket: string };
  second.server.close();
  rmSync(path, { force: true });
  const before = openDescriptors();
  const error = t.throws<PuntError>(() => openEnds(metadata, wanted()), { code: "ENOENT" });
  t.is(error!.message, `punt.attach: VPP's socket ${path} cannot be reached`);
  t.like(error, { op: "punt.attach", details: { path } });
  await until(() => openDescriptors() <= before);
});

need("root", "netns").test("a TAP's frames are opened where the CNF wants them, in the TAP's namespace", (t) => {
  const { a } = cable(t);
  const device = { ...tap("punt0"), attachment: { kind: "tap", name: "punt0", namespace: a.path } };
  t.deepEqual(named(metadataOf(device), wanted({ packets: false })), []);
  const [end] = openEnds(metadataOf(device), wanted());
  end!.descriptor.close();
  const { device: file, inode } = networkNamespace(a.path);
  t.like(end!.end, { kind: "packets", interconnect: 0, identity: `${file}:${inode}:punt0` });
  t.deepEqual(named(metadataOf(device), wanted({ have: haveOf([end!]) })), []);
  // Every namespace has the loopback device.
  const [own] = openEnds(metadataOf(tap("lo")), wanted());
  own!.descriptor.close();
  const here = networkNamespace(OWN_NAMESPACE);
  t.is(own!.end.identity, `${here.device}:${here.inode}:lo`);
});
