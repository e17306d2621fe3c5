// Filters inside of packet sockets.
import { MacTable, PacketRules } from "../../lib/packet/index.js";
import { need } from "../support/need.js";
import { cable, collect, frame, openOn, until } from "../support/packet-socket/wire.js";

const linux = need("root", "netns");

linux.test("a handler gets what the filter leaves, and the rest is counted, not lost", async (t) => {
  const { a, b } = cable(t);
  const strangers = new MacTable("source").set("02:00:00:00:00:66");
  const rules = new PacketRules([{ match: strangers, action: "drop" }]);
  const port = openOn(t, a, { filter: rules });
  const far = openOn(t, b, { device: "far0" });
  const frames = collect(port);
  const list = Array.from({ length: 1000 }, (_, i) => {
    const bytes = frame(i);
    if (i % 4 !== 0) bytes[11] = 0x66;
    return bytes;
  });
  for (let sent = 0; sent < list.length; await until(() => true)) sent += far.send(list.slice(sent));
  const kept = list.filter((_, i) => i % 4 === 0).map((bytes) => Buffer.from(bytes).toString("hex"));
  await until(() => frames.length === 250 && port.stats().rx.dropped.filter === 750);
  t.deepEqual(frames, kept);
  t.like(port.stats().rx, { packets: 250, bytes: 15_000 });
  strangers.clear();
  strangers.set("02:00:00:00:00:01");
  far.send(list[0]!);
  await until(() => port.stats().rx.dropped.filter === 751);
  port.setFilter(undefined);
  far.send(list[1]!);
  await until(() => frames.length === 251);
  t.throws(() => port.setFilter(new PacketRules([{ action: "pass" }])), { code: "ERR_OPTION" });
});
