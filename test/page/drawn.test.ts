// The drawing, the detail and the dump in a browser: they show what the daemon and the VPP have.
import type { Page } from "puppeteer-core";
import { Vpp } from "../../lib/binapi/index.js";
import { explainPunt } from "../../lib/explain/index.js";
import { openTab, until } from "../support/browser.js";
import { need } from "../support/need.js";
import { pageTest, REQUESTS } from "../support/page.js";
import { click, opened, select, textsOf } from "../support/shown.js";

const test = need("chromium", "page").test.serial;

const BOXES = `[...document.querySelectorAll("#drawing .box")].map((box) => {
  const text = (selector) => box.querySelector(selector).textContent;
  return [box.dataset.id.split(" ")[0], text("text.title"), text(".note"), box.dataset.state].join("|");
}).sort()`;
const LABELS = `[...document.querySelectorAll("#drawing .way text")].map((each) => each.textContent).filter(Boolean).sort()`;

const listOf = (page: Page, expression: string) => page.evaluate(expression) as Promise<string[]>;

test("the drawing has the interfaces, the punts, the CNFs and the interconnects, and follows changes", async (t) => {
  const place = await pageTest(t);
  for (const request of REQUESTS) await place.punts.add(request);
  const tab = await openTab(t);
  const page = await opened(place, tab);
  const statuses = await place.punts.list();
  const nameOf = (cnf: string) =>
    statuses.find(({ id }) => id.cnf === cnf)!.metadata.interconnects[0]!.vppInterface!.name;
  await until(page, `${BOXES}.length === 16`);
  t.deepEqual(await listOf(page, BOXES), [
    "cnf|dns||CREATED",
    "cnf|fw|2 punts, netns fw|CREATED",
    "cnf|late||PENDING",
    "cnf|mon||CREATED",
    "cnf|ospf||DEGRADED",
    "interface|eth0|▲ up|CREATED",
    "interface|eth1|▲ up|CREATED",
    "interface|eth2|▲ up|CREATED",
    "interface|eth9|✕ VPP lacks it|PENDING",
    "punt|ABX edge|● CREATED|CREATED",
    "punt|HAIRPIN_XCONNECT pair|● CREATED|CREATED",
    "punt|PUNT_TO_SOCKET|● CREATED|CREATED",
    "punt|PUNT_TO_SOCKET|◐ DEGRADED|DEGRADED",
    "punt|SPAN|○ PENDING|PENDING",
    "punt|SPAN|● CREATED|CREATED",
    "stack|VPP's own stack|UDP 5300, IP protocol 89|DEGRADED",
  ]);
  const labels = [
    "AF_UNIX",
    "AF_UNIX",
    `MEMIF ${nameOf("late")}`,
    `MEMIF ${nameOf("mon")}`,
    `TAP ${nameOf("fw")}`,
    "TAP ×2",
  ];
  t.deepEqual(await listOf(page, LABELS), labels.sort());

  await place.punts.delete({ cnf: "ospf" });
  await until(
    page,
    `!${BOXES}.some((text) => text.includes("ospf")) && ${BOXES}.includes("stack|VPP's own stack|UDP 5300|CREATED")`,
  );
  await place.vpp.close();
  await until(page, `document.querySelector("#drawing .frame.away text")?.textContent === "VPP is away"`);
  await until(page, `${BOXES}.includes("interface|eth0|✕ VPP lacks it|PENDING")`);
  t.is(tab.complaints.join("\n"), "");
});

test("the detail has VPP's totals, the way of a packet as explain tells it, the objects of the punt, and no secret", async (t) => {
  const place = await pageTest(t);
  const { vpp, punts } = place;
  const { id } = await punts.add(REQUESTS[0]!, { waitFor: "CREATED" });
  await punts.add(REQUESTS[1]!, { waitFor: "CREATED" });
  vpp.interface("eth0").inject(Array.from({ length: 7 }, () => Buffer.alloc(64, 0xff)));
  const { page, complaints } = await openTab(t);
  await opened(place, { page });
  await select(page, "mon");
  await until(
    page,
    `document.querySelector(".totals").textContent === "In all: 7 to the CNF, 0 from it, 7 lost (tx error)"`,
  );
  await until(page, `document.querySelectorAll(".items code.value").length > 0`);
  const status = (await punts.get(id))!;
  await using api = await Vpp.connect({ socketPath: vpp.apiSocket });
  const { steps } = await punts.plan({ delete: [id] });
  t.deepEqual(
    await textsOf(page, ".items li > code:first-child"),
    steps.map(({ item }) => item),
  );
  const shown = (await textsOf(page, ".way li")).filter((text) => !text.includes("counters"));
  const due = (await punts.plan()).steps;
  const wanted = (await explainPunt({ vpp: api, status, due })).filter(({ place: where }) => where !== "counters");
  t.deepEqual(
    shown.map((text) => text.replace(/^\S+ (not known|\w+) /, "").split(". Do:")[0]),
    wanted.map((step) => `${step.place} ${step.fact}`.replaceAll("`", "")),
  );
  const { attachment } = status.metadata.interconnects[0]!;
  t.true(attachment.kind === "memif" && attachment.secret.length > 10);
  if (attachment.kind === "memif") t.false((await page.content()).includes(attachment.secret));

  // The drawing shows its way, Escape closes the detail, and Enter on a box opens one.
  t.true((await page.$$("#drawing .box.on")).length === 3);
  await page.keyboard.press("Escape");
  await until(page, `document.querySelector("#detail").hidden`);
  await page.$eval('#drawing .box.punt[aria-label*="ABX"]', (box) => box.focus());
  await page.keyboard.press("Enter");
  await until(page, `document.querySelector("#detail-title")?.textContent === "fw/edge"`);
  t.is(complaints.join("\n"), "");
});

test("a punt is deleted from the page after a question, by a caller that may", async (t) => {
  const place = await pageTest(t);
  for (const request of REQUESTS.slice(0, 2)) await place.punts.add(request, { waitFor: "CREATED" });
  const { page, complaints } = await openTab(t);
  await opened(place, { page });
  await select(page, "mon");
  await click(page, ".removal button");
  t.is(await page.evaluate("document.activeElement.textContent"), "Keep");
  await page.keyboard.press("Enter");
  t.is((await textsOf(page, ".removal"))[0], "Delete this punt");
  await click(page, ".removal button");
  await click(page, ".removal .danger");
  await until(
    page,
    `document.querySelectorAll("#punts tbody tr").length === 1 && document.querySelector("#detail").hidden`,
  );
  t.deepEqual(
    (await place.punts.list()).map(({ id }) => id.cnf),
    ["fw"],
  );
  t.is(complaints.join("\n"), "");
});
