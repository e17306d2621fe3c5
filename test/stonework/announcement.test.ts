// The file by which a CNF announces itself: its content, and the address in it.
import { writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import test from "ava";
import { announcementIn, ownAddress, readAnnouncement } from "../../lib/stonework/announcement.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const addresses = Object.entries(networkInterfaces()).flatMap(([device, list = []]) =>
  list
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address, cidr }) => ({ device, address, cidr })),
);

test("CNF_MGMT_INTERFACE and CNF_MGMT_SUBNET choose the announced address", (t) => {
  for (const { device, address, cidr } of addresses) {
    const first = addresses.find((each) => each.device === device)!;
    t.is(ownAddress({ CNF_MGMT_INTERFACE: device }), first.address);
    t.is(ownAddress({ CNF_MGMT_SUBNET: `${address}/32` }), address);
    t.is(ownAddress({ CNF_MGMT_SUBNET: address }), address);
    t.truthy(ownAddress({ CNF_MGMT_SUBNET: cidr! }));
  }
  t.is(ownAddress({ CNF_MGMT_SUBNET: "0.0.0.0/0" }), addresses[0]?.address);
});

test("an invalid subnet matches no address", (t) => {
  for (const CNF_MGMT_SUBNET of ["203.0.113.0/24", "10.0.0.0/33", "10.0.0.0/", "eth0"]) {
    t.is(ownAddress({ CNF_MGMT_SUBNET }), undefined, CNF_MGMT_SUBNET);
  }
});

test("a file with more than an announcement is not read to its end", async (t) => {
  const file = join(temporaryFolder(t), "a.pid");
  const text = JSON.stringify({ pid: 1, "ms-label": "a", "ip-address": "10.0.0.1", "grpc-port": 1, "http-port": 0 });
  writeFileSync(file, text.padEnd(64 << 10));
  t.is((await readAnnouncement(file)).label, "a");
  writeFileSync(file, text.padEnd((64 << 10) + 1));
  await t.throwsAsync(readAnnouncement(file), { code: "EFBIG", message: /a\.pid/ });
});

test("an announcement of another shape is refused, with what is wrong", (t) => {
  const good = { pid: 1, "ms-label": "a", "ip-address": "10.0.0.1", "grpc-port": 1, "http-port": 0 };
  t.like(announcementIn(JSON.stringify(good), "a.pid"), { label: "a", address: "10.0.0.1", grpcPort: 1 });
  t.is(announcementIn(JSON.stringify({ ...good, "ip-address": "::1" }), "a.pid").address, "::1");
  const bad: [content: unknown, reason: RegExp][] = [
    ...["", "a b", "10.0.0.1/", "host", "10.0.0.1:1"].map((address): [unknown, RegExp] => [
      { ...good, "ip-address": address },
      /ip-address: must be an IP address/,
    ]),
    [{ ...good, pid: "1" }, /pid: /],
    [{ ...good, "ms-label": "" }, /ms-label: /],
    [{ ...good, "ms-label": "a".repeat(256) }, /ms-label: /],
    [{ ...good, "grpc-port": 0 }, /grpc-port: /],
    [[], /content: /],
  ];
  for (const [content, message] of bad)
    t.throws(() => announcementIn(JSON.stringify(content), "a.pid"), { code: "ERR_FORMAT", message });
  t.throws(() => announcementIn("{", "a.pid"), { code: "ERR_FORMAT", message: /a\.pid: content: / });
});
