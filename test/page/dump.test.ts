// The live dump in a browser, over each kind of interconnect: it shows the packets that VPP sends to the CNF.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "puppeteer-core";
import { attach, idText } from "../../lib/punt/index.js";
import { openTab, until } from "../support/browser.js";
import { BROADCAST, frame, udpPacket } from "../support/frames.js";
import { need } from "../support/need.js";
import { pageTest, REQUESTS } from "../support/page.js";
import { click, opened, select, textsOf } from "../support/shown.js";

const NOTE = "document.querySelector('.dump-form ~ [role=status]').textContent";
const lines = (page: Page) => textsOf(page, ".dump li");

const { test } = need("chromium", "page");

test.serial(
  "the dump of a memif shows packets as they come, stops, and is refused while the CNF is there",
  async (t) => {
    const place = await pageTest(t);
    const { id, metadata } = await place.punts.add(REQUESTS[0]!, { waitFor: "CREATED" });
    const { page, complaints } = await openTab(t);
    await opened(place, { page });
    await select(page, idText(id));
    await click(page, ".dump-form button");
    await until(page, `document.querySelector(".dump-form ~ [role=status]").textContent === "0 packets"`);
    const frame = Buffer.from(
      "ffffffffffff02fe000000010806000108000604000102fe000000010a0000090000000000000a000001",
      "hex",
    );
    place.vpp.interface("eth0").inject([frame, frame]);
    await until(page, `document.querySelectorAll(".dump li").length === 2`);
    for (const line of await textsOf(page, ".dump li"))
      t.regex(line, /^[\d:.]{12} eth0 \d+ .*ARP who has 10\.0\.0\.1, tell 10\.0\.0\.9$/);
    await click(page, ".dump-form button");
    await until(page, `document.querySelector(".dump-form ~ [role=status]").textContent === "stopped after 2 packets"`);

    using ends = attach(metadata);
    const [port] = ends.ports;
    if (port?.kind !== "memif") return t.fail("a memif is expected");
    if (port.memif.peer === undefined) await new Promise((resolve) => port.memif.once("up", resolve));
    await click(page, ".dump-form button");
    await until(
      page,
      `/VPP refuses the memif connection/.test(document.querySelector(".dump-form ~ [role=status]").textContent)`,
    );
    t.is(complaints.join("\n"), "");
  },
);

test.serial("the dump of a punt socket shows datagrams, and is refused while the CNF is there", async (t) => {
  const place = await pageTest(t);
  const { id, metadata } = await place.punts.add(REQUESTS[3]!, { waitFor: "CREATED" });
  const { page, complaints } = await openTab(t);
  await opened(place, { page });
  await select(page, idText(id));
  await page.type("#dump-filter", "5300 10.0.0.9");
  await click(page, ".dump-form button");
  await until(page, `${NOTE} === "0 packets"`);
  const datagram = (from: string) =>
    frame({ from: "02:fe:00:00:00:09", to: BROADCAST }, udpPacket({ from, to: "10.0.0.1" }, [4000, 5300]));
  place.vpp.interface("eth0").inject([datagram("10.0.0.8"), datagram("10.0.0.9")]);
  await until(page, `document.querySelectorAll(".dump li").length === 1`);
  t.regex((await lines(page))[0]!, / eth0 \d+ .*10\.0\.0\.9.*10\.0\.0\.1.*5300/);
  await click(page, ".dump-form button");
  await until(page, `${NOTE} === "stopped after 1 packet"`);
  // The page does not wait for the daemon, which closes the socket.
  const { attachment } = metadata.interconnects[0]!;
  if (attachment.kind !== "af-unix") return t.fail("a punt socket is expected");
  while (existsSync(attachment.path)) await sleep(10);
  using _ends = attach(metadata);
  await click(page, ".dump-form button");
  await until(page, `/in use|EADDRINUSE/.test(${NOTE})`);
  t.is(complaints.join("\n"), "");
});

need("chromium", "page", "root", "netns").test.serial(
  "the dump of a TAP copies packets, and the CNF keeps its own",
  async (t) => {
    const name = `page${process.pid}`;
    const ip = (...words: string[]) => execFileSync("ip", words, { encoding: "utf8" });
    ip("netns", "add", name);
    t.teardown(() => ip("netns", "delete", name));
    const place = await pageTest(t, { isOnLinux: true });
    const tap = { cnf: "mon", type: "SPAN", interconnect: "TAP", vppInterface: "eth0", netns: { name } } as const;
    const { id, metadata } = await place.punts.add({ ...tap, direction: "rx" }, { waitFor: "CREATED" });
    const { page, complaints } = await openTab(t);
    await opened(place, { page });
    await select(page, idText(id));
    await page.type("#dump-filter", "5300");
    await click(page, ".dump-form button");
    await until(page, `${NOTE} === "0 packets"`);
    const link = { from: "02:fe:00:00:00:09", to: BROADCAST };
    place.vpp.interface("eth0").inject([frame(link, udpPacket({ from: "10.0.0.9", to: "10.0.0.1" }, [4000, 5300]))]);
    await until(page, `document.querySelectorAll(".dump li").length === 1`);
    t.regex((await lines(page))[0]!, / eth0 \d+ .*10\.0\.0\.9.*5300/);
    const device = metadata.interconnects[0]!.cnfInterface!.name;
    t.regex(ip("-n", name, "-s", "link", "show", device), /RX: {2}bytes packets.*\n *[1-9]/);
    t.is(complaints.join("\n"), "");
  },
);
