// Work that Linux leaves to network cards is done: VLAN tags, checksums, segmentation.
import { need } from "../support/need.js";
import { cable, collect, type Host, openOn, python, until } from "../support/packet-socket/wire.js";

const linux = need("root", "netns", "python3");

/** The one's complement sum of RFC 1071 over bytes that hold their own checksum: 0xffff when that is right. */
function sum(bytes: Buffer, start = 0): number {
  let total = start;
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

interface Segment {
  readonly protocol: number;
  readonly payload: Buffer;
  readonly sequence: number;
  readonly flags: number;
  readonly length: number;
}

/** Reads an IPv4 or IPv6 frame with TCP or UDP in it; undefined for another. Throws when a length or checksum is wrong. */
function segmentOf(hex: string): Segment | undefined {
  const bytes = Buffer.from(hex, "hex");
  const type = bytes.readUInt16BE(12);
  const six = type === 0x86dd;
  if (!six && type !== 0x0800) return undefined;
  const headers = six ? 40 : (bytes[14]! & 15) * 4;
  const protocol = bytes[six ? 20 : 23]!;
  if (protocol !== 6 && protocol !== 17) return undefined;
  const size = six ? bytes.readUInt16BE(18) : bytes.readUInt16BE(16) - headers;
  if (size + 14 + headers > bytes.length) throw new Error(`IP says ${size}, the frame has ${bytes.length}`);
  if (!six && sum(bytes.subarray(14, 14 + headers)) !== 0xffff) throw new Error("the IPv4 header's checksum is wrong");
  const transport = bytes.subarray(14 + headers, 14 + headers + size);
  const addresses = bytes.subarray(six ? 22 : 26, 14 + headers);
  const pseudo = sum(addresses.subarray(0, six ? 32 : 8), protocol + size);
  if (sum(transport, pseudo) !== 0xffff) throw new Error(`the checksum of protocol ${protocol} is wrong: ${hex}`);
  const payload = transport.subarray(protocol === 6 ? (transport[12]! >> 4) * 4 : 8);
  const [sequence, flags] = protocol === 6 ? [transport.readUInt32BE(4), transport[13]!] : [0, 0];
  return { protocol, payload, sequence, flags, length: bytes.length };
}

const FAMILIES = [
  { name: "IPv4", near: "10.9.0.1", far: "10.9.0.2", prefix: 24 },
  { name: "IPv6", near: "fd09::1", far: "fd09::2", prefix: 64 },
] as const;

function address(a: Host, b: Host, { near, far, prefix }: (typeof FAMILIES)[number]): void {
  for (const host of [a, b]) {
    host.run("sh", "-c", "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 0 > $f; done");
  }
  a.ip("addr", "add", `${near}/${prefix}`, "dev", "punt0", ...(prefix === 64 ? ["nodad"] : []));
  b.ip("addr", "add", `${far}/${prefix}`, "dev", "far0", ...(prefix === 64 ? ["nodad"] : []));
}

const TRANSFER = `
import socket, sys, time
role, near = sys.argv[1:]
s = socket.socket(socket.AF_INET6 if ":" in near else socket.AF_INET)
data = bytes(i * 7 % 251 for i in range(300000))
if role == "server":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((near, 4444)); s.listen(); print("listening", flush=True)
    c = s.accept()[0]; n = 0
    while d := c.recv(65536): n += len(d)
    print(n)
else:
    while s.connect_ex((near, 4444)) != 0: time.sleep(0.01)
    s.sendall(data); s.close()
`;

for (const family of FAMILIES) {
  linux.test(`TCP over ${family.name} arrives in segments of a wire, every checksum right`, async (t) => {
    const { a, b } = cable(t);
    address(a, b, family);
    const port = openOn(t, a, { batchSize: 32 });
    const frames = collect(port);
    const server = a.start(t, "python3", "-c", TRANSFER, "server", family.near);
    await b.start(t, "python3", "-c", TRANSFER, "client", family.near);
    t.regex(await server, /300000/);
    const bytes = new Map<number, number>();
    let first: number | undefined;
    const read = () => {
      for (const hex of frames.splice(0)) {
        const segment = segmentOf(hex);
        if (segment?.protocol !== 6) continue;
        t.true(segment.length <= 1514, `${segment.length}`);
        if (segment.flags & 2) first = segment.sequence + 1;
        for (const [i, byte] of segment.payload.entries()) bytes.set((segment.sequence - first! + i) >>> 0, byte);
      }
      return bytes.size >= 300_000;
    };
    await until(read);
    t.is(bytes.size, 300_000);
    for (const [at, byte] of bytes) if (byte !== (at * 7) % 251) t.fail(`byte ${at}`);
    t.true(port.stats().rx.restored.segmented > 0, "the sender has used segmentation offload");
    t.is(port.stats().rx.dropped.ringFull, 0);
  });

  linux.test(`UDP over ${family.name} arrives with its checksum, segmented or not`, async (t) => {
    const { a, b } = cable(t);
    address(a, b, family);
    const port = openOn(t, a);
    const frames = collect(port);
    await python(
      t,
      b,
      `
u = socket.socket(socket.AF_INET6 if ":" in argv[0] else socket.AF_INET, socket.SOCK_DGRAM)
for n in range(1, 1400, 100): u.sendto(bytes([n % 256]) * n, (argv[0], 5555))
u.setsockopt(socket.IPPROTO_UDP, 103, 1000)
u.sendto(b"s" * 10500, (argv[0], 5555))`,
      family.near,
    );
    const datagrams: Segment[] = [];
    const read = () => {
      for (const hex of frames.splice(0)) {
        const segment = segmentOf(hex);
        if (segment?.protocol === 17 && segment.payload.length > 0) datagrams.push(segment);
      }
      return datagrams.length >= 25;
    };
    await until(read);
    const sizes = [...Array.from({ length: 14 }, (_, i) => 1 + 100 * i), ...Array<number>(10).fill(1000), 500];
    t.deepEqual(
      datagrams.map(({ payload }) => payload.length),
      sizes,
    );
    t.true(port.stats().rx.restored.checksums >= 14);
  });
}

linux.test("VLAN tags are in the frames: one, two, and of 802.1ad", async (t) => {
  const { a, b } = cable(t);
  const port = openOn(t, a);
  const frames = collect(port);
  const sent = await python(
    t,
    b,
    `
tags = ["8100 2064", "88a8 0005", "88a8 0005 8100 6007", "8100 0001 8100 0002", "8100 0000", ""]
frames = [bytes.fromhex("020000000002020000000001" + tag.replace(" ", "") + "88b5") + bytes(range(50)) for tag in tags]
for f in frames: s.send(f)
print("\\n".join(f.hex() for f in frames))`,
  );
  await until(() => frames.length >= 6);
  t.deepEqual(frames, sent.trim().split("\n"));
  t.is(port.stats().rx.restored.vlanTags, 5);
});

need("root", "netns", "python3", "vlan").test(
  "TCP in a VLAN arrives in segments, with tags and checksums",
  async (t) => {
    const { a, b } = cable(t);
    for (const [host, device, own] of [
      [a, "punt0", "10.8.0.1"],
      [b, "far0", "10.8.0.2"],
    ] as const) {
      host.ip("link", "add", "link", device, "name", "v7", "type", "vlan", "id", "7");
      host.ip("link", "set", "v7", "up");
      host.ip("addr", "add", `${own}/24`, "dev", "v7");
    }
    const port = openOn(t, a);
    const frames = collect(port);
    const server = a.start(t, "python3", "-c", TRANSFER, "server", "10.8.0.1");
    await b.start(t, "python3", "-c", TRANSFER, "client", "10.8.0.1");
    t.regex(await server, /300000/);
    await until(() => port.stats().rx.bytes > 300_000);
    let payload = 0;
    for (const hex of frames) {
      t.is(hex.slice(24, 32), "81000007");
      const segment = segmentOf(hex.slice(0, 24) + hex.slice(32));
      payload += segment?.payload.length ?? 0;
    }
    t.true(payload >= 300_000);
  },
);
