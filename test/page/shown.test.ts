// The page in a browser: what it shows is what the daemon and the VPP have, also after a change.
import type { Page } from "puppeteer-core";
import { idText, type PuntStatus } from "../../lib/punt/index.js";
import { openTab, until } from "../support/browser.js";
import { need } from "../support/need.js";
import { type PageTest, pageTest, REQUESTS } from "../support/page.js";
import { click } from "../support/shown.js";

interface Row {
  readonly name: string;
  readonly state: string;
  readonly cause: string;
  readonly type: string;
  readonly way: string;
}

const ROWS = `[...document.querySelectorAll("#punts tbody tr")].map((row) => {
  const text = (selector) => row.querySelector(selector).textContent;
  const [cause, way] = [...row.querySelectorAll(".cause")].map((each) => each.textContent);
  return { name: text(".name"), state: text(".state").split(" ")[1], cause, type: text(".type"), way };
})`;

const rowsOf = (page: Page) => page.evaluate(ROWS) as Promise<Row[]>;
const textOf = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent as string);

/** Returns the facts that a row has to show of a punt. */
function rowOf({ id, state, missing, reasons, request, metadata }: PuntStatus): Row {
  const cause = missing.length > 0 ? `waits for ${missing.map(({ text }) => text).join(", ")}` : "";
  const { vppInterface, vppInterface1, vppInterface2, toHost, ipProto } = request as unknown as Record<string, never>;
  const places = [vppInterface, vppInterface1, vppInterface2].filter(Boolean).join(", ");
  const from =
    places ||
    (toHost ? `UDP ${(toHost as { port: number }).port}` : `IP protocol ${(ipProto as { protocol: number }).protocol}`);
  const by = metadata.interconnects.map(({ type, vppInterface: own }) => [type, own?.name].filter(Boolean).join(" "));
  return {
    ...{ name: idText(id), state, cause: cause || reasons.map(({ text }) => text).join("; ") },
    ...{ type: request.type, way: `${from} → ${by.join(", ")}` },
  };
}

async function shows(page: Page, { punts }: PageTest): Promise<void> {
  const wanted = (await punts.list()).map(rowOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  await until(page, `JSON.stringify(${ROWS}) === ${JSON.stringify(JSON.stringify(wanted))}`);
}

/** One browser at a time: each is several processes. */
const test = need("chromium", "page").test.serial;

test("the list has every punt with its state, cause and way, and follows additions, deletions and VPP's end", async (t) => {
  const place = await pageTest(t);
  for (const request of REQUESTS) await place.punts.add(request);
  const { page, complaints, asked } = await openTab(t);
  await page.goto(place.origin);
  await shows(page, place);
  const rows = await rowsOf(page);
  t.deepEqual([...new Set(rows.map(({ state }) => state))].sort(), ["CREATED", "DEGRADED", "PENDING"]);
  t.is(await textOf(page, "#link"), "● VPP is connected");
  t.is(await textOf(page, '#states [data-state="CREATED"] strong'), "4");

  await place.punts.delete({ cnf: "fw", key: "pair" });
  await shows(page, place);
  await place.punts.add(
    { cnf: "mon", key: "more", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth1", direction: "rx" },
    { waitFor: "CREATED" },
  );
  await shows(page, place);
  const events = await page.$$eval("#events li", (items) => items.map((item) => item.textContent as string));
  t.true(
    events.some((text) => /fw\/pair .*DELETED/.test(text)),
    events.join("\n"),
  );
  t.true(
    events.some((text) => /mon\/more .*CREATED/.test(text)),
    events.join("\n"),
  );

  await place.vpp.close();
  await until(page, `document.querySelector("#link").textContent === "✕ VPP is away"`);
  await until(page, `document.querySelector('#states [data-state="CREATED"] strong').textContent === "0"`);
  await shows(page, place);
  t.is(complaints.join("\n"), "");
  t.deepEqual(
    asked.filter((url) => !url.startsWith(`${place.origin}/`)),
    [],
  );
});

test("rates and drops are as VPP counts them", async (t) => {
  const place = await pageTest(t);
  await place.punts.add(REQUESTS[0]!, { waitFor: "CREATED" });
  const { page } = await openTab(t);
  await page.goto(place.origin);
  const cells = `[...document.querySelectorAll("#punts tbody td.number")].map((cell) => cell.textContent).join(" ")`;
  await until(page, `${cells} === "0/s 0/s 0/s"`);
  place.vpp.interface("eth0").inject(Array.from({ length: 100 }, () => Buffer.alloc(64, 0xff)));
  // No CNF is attached: VPP loses all of them, at the same rate.
  await until(page, `/^([1-9][\\d.]*k?\\/s) 0\\/s \\1$/.test(${cells})`);
  t.true(await page.$eval("#punts tbody tr", (row) => row.classList.contains("losing") as boolean));
});

test("the filter, the buttons of the states and the keyboard narrow the list of a thousand punts", async (t) => {
  const place = await pageTest(t);
  const { punts } = place;
  const many = Array.from({ length: 1_000 }, (_, index) => {
    const vppInterface = index % 10 === 0 ? "eth7" : `eth${index % 3}`;
    return {
      cnf: `cnf${index % 50}`,
      key: `k${index}`,
      type: "SPAN",
      interconnect: "MEMIF",
      vppInterface,
      direction: "rx",
    } as const;
  });
  await punts.apply({ punts: many }, { keep: true });
  const { page, complaints } = await openTab(t);
  await page.goto(place.origin);
  await until(page, `document.querySelectorAll("#punts tbody tr").length === 1000`);
  // The drawing joins the boxes of CNFs, and says so; the filter takes them apart.
  await until(page, `document.querySelectorAll("#drawing .box").length === 52`);
  t.regex(await textOf(page, "#topology-note"), /the others in one box/);
  t.true(await page.$$eval("#drawing .box.more", ([box]) => /27 more CNFs/.test(box!.textContent as string)));
  await page.keyboard.press("/");
  t.is(await page.evaluate("document.activeElement.id"), "filter");
  await page.keyboard.type("cnf:cnf10 eth7");
  await until(page, `document.querySelector("#shown").textContent === "20 of 1000 punts"`);
  await until(page, `document.querySelectorAll("#drawing .box.punt").length === 20`);
  t.is(await textOf(page, "#topology-note"), "");
  t.true((await rowsOf(page)).every(({ name, state }) => name.startsWith("cnf10/") && state === "PENDING"));
  await page.keyboard.press("Escape");
  await click(page, '#states [data-state="CREATED"]');
  await until(page, `document.querySelector("#empty").textContent === "No punt passes the filter."`);
  t.is(await page.$eval("#filter", (field) => field.value as string), "cnf:cnf10 eth7 state:created");
  t.is(complaints.join("\n"), "");
});

test("the page is read and used without a mouse: landmarks, names, and an order of focus", async (t) => {
  const place = await pageTest(t);
  for (const request of REQUESTS) await place.punts.add(request);
  const { page } = await openTab(t);
  await page.goto(place.origin);
  await shows(page, place);
  const order: string[] = [];
  for (let i = 0; i < 13; i++) {
    await page.keyboard.press("Tab");
    order.push((await page.evaluate("document.activeElement.textContent || document.activeElement.id")) as string);
  }
  t.is(order[0], "To the list of punts");
  t.deepEqual(
    order.slice(1, 7).map((text) => text.replace(/^\d+ . /, "")),
    ["FAILED", "DEGRADED", "PENDING", "INIT", "CREATED", "filter"],
  );
  const nameless = await page.$$eval("button, input, a, svg[role=img]", (elements) =>
    elements
      .filter(
        (element) => !(element.textContent.trim() || element.getAttribute("aria-label") || element.labels?.length),
      )
      .map((element) => element.outerHTML as string),
  );
  t.deepEqual(nameless, []);
  const tree = await page.accessibility.snapshot({ interestingOnly: false });
  const roles = JSON.stringify(tree);
  for (const role of ["banner", "main", "search", "region", "table", "rowheader", "log", "status"])
    t.true(roles.includes(`"role":"${role}"`), role);
});
