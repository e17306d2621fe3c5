// Answers to single frames: what is answered and how, and what is not.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { OptionCheck } from "../../lib/options.js";
import { PcapWriter } from "../../lib/packet/index.js";
import { Answers, type Outcome } from "../../lib/responder/answers.js";
import { Frame } from "../../lib/responder/frame.js";
import { ownOf } from "../../lib/responder/own.js";
import {
  arp,
  BROADCAST,
  echoRequest,
  frame,
  icmpPacket,
  ip,
  ipPacket,
  mac,
  neighborSolicitation,
  parseIp,
  transportChecksum,
} from "../support/frames.js";
import { need } from "../support/need.js";

const OUR_MAC = "02:fe:00:00:00:01";
const PEER_MAC = "02:fd:00:00:00:01";
const US = "10.0.0.2";
const PEER = "10.0.0.1";
const US6 = "2001:db8::2";
const PEER6 = "2001:db8::1";
const GROUP6 = "ff02::1:ff00:2";
const GROUP6_MAC = "33:33:ff:00:00:02";
const own = ownOf(new OptionCheck("test"), OUR_MAC, [`${US}/24`, `${US6}/64`]);

function outcome(bytes: Uint8Array, answers = new Answers(["arp", "nd", "ping"], 64), us = own): Outcome {
  const examined = new Frame();
  // Not at the start of its memory, and with foreign bytes behind it.
  const memory = Buffer.concat([Buffer.alloc(7, 0xee), bytes, Buffer.alloc(64, 0xee)]);
  examined.set(memory, 7, bytes.length);
  answers.startBurst();
  return answers.outcomeOf(examined, us);
}

function answered(t: ExecutionContext, bytes: Uint8Array, message?: string): Buffer {
  const result = outcome(bytes);
  t.true(result instanceof Uint8Array, message);
  return Buffer.from(result as Uint8Array);
}

const LINK = { from: PEER_MAC, to: OUR_MAC };
const BACK = { from: OUR_MAC, to: PEER_MAC };
const arpRequest = arp(1, [PEER_MAC, PEER], ["00:00:00:00:00:00", US]);
const solicitation = frame(
  { from: PEER_MAC, to: GROUP6_MAC },
  neighborSolicitation({ from: PEER6, to: GROUP6 }, US6, PEER_MAC),
);
const ping = frame(LINK, echoRequest({ from: PEER, to: US }));
const ping6 = frame(LINK, echoRequest({ from: PEER6, to: US6 }));
/** Solicitation of a host that looks for duplicates: without an address, and without the option. */
const duplicateSearch = frame(
  { from: PEER_MAC, to: GROUP6_MAC },
  icmpPacket({ from: "::", to: GROUP6, ttl: 255 }, 135, 0, Buffer.concat([Buffer.alloc(4), ip(US6)])),
);
const questions = { arpRequest, solicitation, duplicateSearch, ping, ping6 };

function tagged(bytes: Buffer, tags: string): Buffer {
  return Buffer.concat([bytes.subarray(0, 12), Buffer.from(tags, "hex"), bytes.subarray(12)]);
}

test("ARP: the answer names this host, to the asker", (t) => {
  t.deepEqual(answered(t, arpRequest), arp(2, [OUR_MAC, US], [PEER_MAC, PEER]));
  const probe = arp(1, [PEER_MAC, "0.0.0.0"], ["00:00:00:00:00:00", US]);
  t.deepEqual(answered(t, probe), arp(2, [OUR_MAC, US], [PEER_MAC, "0.0.0.0"]));
  const unicast = Buffer.concat([mac(OUR_MAC), arpRequest.subarray(6)]);
  t.deepEqual(answered(t, unicast), arp(2, [OUR_MAC, US], [PEER_MAC, PEER]));
});

function advertisement(to: string, flags: number, toMac = PEER_MAC): Buffer {
  const rest = Buffer.concat([Buffer.from([flags, 0, 0, 0]), ip(US6), Buffer.from([2, 1]), mac(OUR_MAC)]);
  return frame({ from: OUR_MAC, to: toMac }, icmpPacket({ from: US6, to, ttl: 255 }, 136, 0, rest));
}

test("ND: a solicitation is answered to its sender; that of a host without an address to all nodes", (t) => {
  t.deepEqual(answered(t, solicitation), advertisement(PEER6, 0x60));
  const unicast = frame(LINK, neighborSolicitation({ from: PEER6, to: US6 }, US6, PEER_MAC));
  t.deepEqual(answered(t, unicast), advertisement(PEER6, 0x60));
  t.deepEqual(answered(t, duplicateSearch), advertisement("ff02::1", 0x20, "33:33:00:00:00:01"));
});

test("ND: the link-local address that follows from the MAC address is this host's too", (t) => {
  const target = "fe80::fe:ff:fe00:1";
  const asked = frame(LINK, neighborSolicitation({ from: PEER6, to: target }, target, PEER_MAC));
  t.is(parseIp(answered(t, asked)).source.toString("hex"), ip(target).toString("hex"));
});

test("ping: the echo has the data, exchanged addresses and right checksums", (t) => {
  for (const size of [0, 1, 2, 55, 56, 1400, 8900]) {
    const rest = Buffer.concat([Buffer.from([0, 7, 0, 9]), Buffer.alloc(size, "payload")]);
    const asked = frame(LINK, icmpPacket({ from: PEER, to: US }, 8, 0, rest));
    t.deepEqual(answered(t, asked), frame(BACK, icmpPacket({ from: US, to: PEER }, 0, 0, rest)));
    const asked6 = frame(LINK, icmpPacket({ from: PEER6, to: US6 }, 128, 0, rest));
    t.deepEqual(answered(t, asked6), frame(BACK, icmpPacket({ from: US6, to: PEER6 }, 129, 0, rest)));
  }
});

test("behind a router that leaves the asker's MAC address, pings are answered to the router", (t) => {
  const router = "02:fd:00:00:00:77";
  const routed = ownOf(new OptionCheck("test"), OUR_MAC, [`${US}/24`, `${US6}/64`], router);
  for (const ends of [
    { from: PEER, to: US },
    { from: PEER6, to: US6 },
  ]) {
    const answer = outcome(frame(LINK, echoRequest(ends)), undefined, routed) as Uint8Array;
    t.deepEqual(Buffer.from(answer.subarray(0, 12)), Buffer.concat([mac(router), mac(OUR_MAC)]), ends.to);
  }
  const isWrong = { code: "ERR_OPTION", message: /router/ };
  t.throws(() => ownOf(new OptionCheck("test"), OUR_MAC, [], "ff:ff:ff:ff:ff:ff"), isWrong);
});

test("VLAN tags are kept, one or two; frames with more are left alone", (t) => {
  for (const [name, question] of Object.entries(questions)) {
    const plain = answered(t, question, name);
    for (const tags of ["81000064", "88a80064810000c8"])
      t.deepEqual(answered(t, tagged(question, tags), name), tagged(plain, tags), name);
    t.is(outcome(tagged(question, "810000648100006481000064")), "handler", name);
  }
});

test("bytes of Ethernet's padding are not echoed", (t) => {
  const padded = Buffer.concat([ping, Buffer.alloc(40, 0xaa)]);
  t.deepEqual(answered(t, padded), answered(t, ping));
});

test("a frame that was cut short is not answered, wherever it was cut", (t) => {
  for (const [name, question] of Object.entries(questions))
    for (let length = 0; length < question.length; length++)
      t.is(outcome(question.subarray(0, length)), "handler", `${name}, ${length} bytes`);
});

/** Changes bytes of a frame, and the IPv4 header checksum with them. */
function changed(original: Buffer, at: number, bytes: number[], isIp4 = false): Buffer {
  const copy = Buffer.from(original);
  copy.set(bytes, at);
  if (!isIp4) return copy;
  copy.writeUInt16BE(0, 24);
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += copy.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  copy.writeUInt16BE(~sum & 0xffff, 24);
  return copy;
}

const GROUP = [1, 0, 0x5e, 0, 0, 1];
const ours = [...mac(OUR_MAC)];
const hostile: Record<string, Buffer> = {
  "ARP from a group": changed(arpRequest, 6, GROUP),
  "ARP whose sender is not the frame's": changed(arpRequest, 22, [2, 0, 0, 0, 0, 9]),
  "ARP from our MAC address": changed(changed(arpRequest, 6, ours), 22, ours),
  "ARP from our address": changed(arpRequest, 28, [...ip(US)]),
  "ARP from a multicast address": changed(arpRequest, 28, [224, 0, 0, 5]),
  "ARP from the subnet's broadcast address": changed(arpRequest, 28, [10, 0, 0, 255]),
  "ARP from 127.0.0.1": changed(arpRequest, 28, [127, 0, 0, 1]),
  "ARP to another host's MAC address": changed(arpRequest, 0, [2, 0, 0, 0, 0, 9]),
  "an ARP reply": changed(arpRequest, 20, [0, 2]),
  "ARP of another hardware": changed(arpRequest, 14, [0, 6]),
  "ping to the broadcast MAC address": changed(ping, 0, [...mac(BROADCAST)]),
  "ping from a group": changed(ping, 6, GROUP),
  "ping from the MAC address 0": changed(ping, 6, [0, 0, 0, 0, 0, 0]),
  "ping from our address": changed(ping, 26, [...ip(US)], true),
  "ping from the subnet's broadcast address": changed(ping, 26, [10, 0, 0, 255], true),
  "ping from the subnet's own address": changed(ping, 26, [10, 0, 0, 0], true),
  "ping from 0.0.0.0": changed(ping, 26, [0, 0, 0, 0], true),
  "ping from a multicast address": changed(ping, 26, [224, 0, 0, 1], true),
  "ping from 255.255.255.255": changed(ping, 26, [255, 255, 255, 255], true),
  "a first fragment": changed(ping, 20, [0x20, 0], true),
  "a later fragment": changed(ping, 20, [0, 8], true),
  "the reserved flag": changed(ping, 20, [0x80, 0], true),
  "a wrong header checksum": changed(ping, 24, [0xde, 0xad]),
  "a wrong ICMP checksum": changed(ping, 36, [0xde, 0xad]),
  "a header that claims options": changed(ping, 14, [0x46], true),
  "a header of 16 bytes": changed(ping, 14, [0x44], true),
  "a total length beyond the frame": changed(ping, 16, [0xff, 0xff], true),
  "a total length of the header alone": changed(ping, 16, [0, 20], true),
  "an echo with a code": changed(ping, 35, [1]),
  "ping6 to a group MAC address": changed(ping6, 0, [...mac("33:33:00:00:00:01")]),
  "ping6 from a multicast address": frame(LINK, echoRequest({ from: "ff02::1", to: US6 })),
  "ping6 from ::": frame(LINK, echoRequest({ from: "::", to: US6 })),
  "ping6 from ::1": frame(LINK, echoRequest({ from: "::1", to: US6 })),
  "ping6 from our address": frame(LINK, echoRequest({ from: US6, to: US6 })),
  "ping6 with a wrong checksum": changed(ping6, 56, [0xde, 0xad]),
  "ping6 with a length beyond the frame": changed(ping6, 18, [0xff, 0xff]),
  "ping6 behind an extension header": frame(LINK, ipPacket({ from: PEER6, to: US6 }, 0, Buffer.alloc(64, 58))),
  "a solicitation that was routed": frame(
    { from: PEER_MAC, to: GROUP6_MAC },
    neighborSolicitation({ from: PEER6, to: GROUP6, ttl: 254 }, US6, PEER_MAC),
  ),
  "a solicitation with another MAC address inside": frame(
    { from: PEER_MAC, to: GROUP6_MAC },
    neighborSolicitation({ from: PEER6, to: GROUP6 }, US6, "02:00:00:00:00:09"),
  ),
  "a solicitation from :: with a MAC address": frame(
    { from: PEER_MAC, to: GROUP6_MAC },
    neighborSolicitation({ from: "::", to: GROUP6 }, US6, PEER_MAC),
  ),
  "a solicitation to another group": frame(
    { from: PEER_MAC, to: "33:33:00:00:00:01" },
    neighborSolicitation({ from: PEER6, to: "ff02::1" }, US6, PEER_MAC),
  ),
  "a solicitation from our address": frame(
    { from: PEER_MAC, to: GROUP6_MAC },
    neighborSolicitation({ from: US6, to: GROUP6 }, US6, PEER_MAC),
  ),
  "a solicitation with an option of length 0": frame(
    { from: PEER_MAC, to: GROUP6_MAC },
    icmpPacket(
      { from: PEER6, to: GROUP6, ttl: 255 },
      135,
      0,
      Buffer.concat([Buffer.alloc(4), ip(US6), Buffer.alloc(8)]),
    ),
  ),
  "a solicitation with an option beyond the packet": frame(
    { from: PEER_MAC, to: GROUP6_MAC },
    icmpPacket(
      { from: PEER6, to: GROUP6, ttl: 255 },
      ...([135, 0, Buffer.concat([Buffer.alloc(4), ip(US6), Buffer.from([14, 2]), Buffer.alloc(6)])] as const),
    ),
  ),
};

for (const [name, bytes] of Object.entries(hostile)) {
  test(`not answered, but left to the handler: ${name}`, (t) => t.is(outcome(bytes), "handler"));
}

test("frames for other hosts are not counted as refused", (t) => {
  const answers = new Answers(["arp", "nd", "ping"], 64);
  for (const bytes of [
    arp(1, [PEER_MAC, PEER], ["00:00:00:00:00:00", "10.0.0.3"]),
    frame(LINK, echoRequest({ from: PEER, to: "10.0.0.3" })),
    frame(LINK, icmpPacket({ from: PEER, to: US }, 3, 1, Buffer.alloc(32))),
    frame(LINK, ipPacket({ from: PEER, to: US }, 17, Buffer.alloc(16))),
  ])
    t.is(outcome(bytes, answers), "handler");
  t.is(answers.counts.refused, 0);
  outcome(hostile["ping from our address"]!, answers);
  t.is(answers.counts.refused, 1);
});

test("only what was asked for is answered", (t) => {
  t.is(outcome(ping, new Answers(["arp", "nd"], 1)), "handler");
  t.is(outcome(arpRequest, new Answers(["ping"], 1)), "handler");
  t.is(outcome(solicitation, new Answers(["arp"], 1)), "handler");
});

test("for any bytes, an answer goes only to the sender, and is at most as long as the question", (t) => {
  const base = fc.constantFrom(...Object.values(questions));
  const edits = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(base, edits, fc.nat(130), (question, changes, length) => {
      const bytes = Buffer.from(question);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      const cut = bytes.subarray(0, length);
      const result = outcome(cut);
      if (!(result instanceof Uint8Array)) return true;
      const isToSender = Buffer.compare(result.subarray(0, 6), cut.subarray(6, 12)) === 0;
      const isToAll = Buffer.from(result.subarray(0, 6)).toString("hex") === "333300000001";
      return (isToSender || isToAll) && result.length <= Math.max(cut.length, 86 + 8);
    }),
    { numRuns: 5000 },
  );
  t.pass();
});

need("tshark").test("tshark finds nothing wrong with the answers and the announcements", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-answers-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "answers.pcap");
  const writer = PcapWriter.open(file);
  const answers = Object.entries(questions).map(([name, question]) => answered(t, question, name));
  const announced = new Answers(["arp", "nd"], 1).announcements(own);
  const frames = [...answers, ...answers.map((each) => tagged(each, "81000064")), ...announced];
  for (const each of frames) writer.writePacket(each);
  writer.close();
  const checks = ["ip.check_checksum:TRUE"].flatMap((option) => ["-o", option]);
  const fields = [
    "frame.protocols",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "_ws.malformed",
    "_ws.expert.severity",
  ];
  const args = ["-n", ...checks, "-r", file, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
  const result = spawnSync("tshark", args, { encoding: "utf8" });
  t.is(result.status, 0, result.stderr);
  const rows = result.stdout
    .trimEnd()
    .split("\n")
    .map((row) => row.split("\t"));
  t.is(rows.length, frames.length);
  for (const [i, [protocols = "", icmp, icmp6, malformed]] of rows.entries()) {
    t.falsy(malformed, `frame ${i + 1}`);
    if (/:icmp\b/.test(protocols)) t.is(icmp, "1", `frame ${i + 1} ${protocols}`);
    if (/:icmpv6\b/.test(protocols)) t.is(icmp6, "1", `frame ${i + 1} ${protocols}`);
  }
  t.true(rows.some(([protocols]) => protocols!.includes("arp")));
  for (const each of [...answers.slice(1), announced[1]!]) t.is(transportChecksum(each), 0);
});

for (const [name, addresses] of Object.entries({
  "a multicast address": ["224.0.0.1"],
  "no address": ["nowhere"],
  "a prefix too long": ["10.0.0.1/33"],
  "::": ["::"],
  "a multicast address of IPv6": ["ff02::1"],
})) {
  test(`refused as an own address: ${name}`, (t) => {
    const error = t.throws(() => ownOf(new OptionCheck("test"), OUR_MAC, addresses), { code: "ERR_OPTION" });
    t.regex(error!.message, /ipAddresses/);
  });
}

for (const bad of ["01:00:00:00:00:00", "00:00:00:00:00:00", "nowhere"]) {
  test(`refused as a MAC address: ${bad}`, (t) => {
    t.throws(() => ownOf(new OptionCheck("test"), bad, [US]), { code: "ERR_OPTION" });
  });
}
