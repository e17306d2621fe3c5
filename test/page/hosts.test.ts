// The page of a daemon with etcd: the punts of every host.
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/index.js";
import { connectPunts } from "../../lib/module/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { openTab, until } from "../support/browser.js";
import { eventually, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";
import { click } from "../support/shown.js";

need("chromium", "page", "etcd", "etcdctl").test("the page shows the punts of the host that is chosen", async (t) => {
  const members = await Members.start(t);
  const { directory, vpp, etcd } = members;
  const start = async (host: string) => {
    const daemon = await Daemon.start({
      ...{ socket: join(directory, `${host}.sock`), attachSocket: join(directory, `${host}-attach.sock`) },
      ...{ vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets"), page: { port: 0 } },
      etcd: { endpoints: etcd.url, host, name: `daemon of ${host}`, timeout: 500, lease: 10 },
      manager: { host: new EmulatedHost(vpp), owner: host, memifDirectory: join(directory, `memif-${host}`) },
    });
    t.teardown(() => daemon.close());
    return daemon;
  };
  const daemon = await start("h0");
  await start("h1");
  const there = await connectPunts({ socket: join(directory, "h1.sock") });
  t.teardown(() => there.close());
  await eventually(async () => (await there.info()).cluster?.role === "leader");
  await there.add(span("far"));
  const { page, complaints } = await openTab(t);
  await page.goto(`http://${daemon.pageAddress}/`);
  await until(page, `document.querySelector("#empty").textContent === "There are no punts."`);
  await until(page, `[...document.querySelectorAll("#hosts option")].map(({ value }) => value).join() === "h0,h1"`);
  t.is(await page.$eval("#drawing .frame.host text", (text) => text.textContent as string), "Host h0");
  await page.select("#hosts select", "h1");
  await until(page, `document.querySelector("#punts .name")?.textContent === "far"`);
  await until(page, `document.querySelector("#drawing .frame.host text").textContent === "Host h1"`);
  t.is(await page.$eval("#drawing .box.interface .note", (note) => note.textContent as string), "");
  // The daemon of the other host reads its VPP's counters, and is asked again and again: packets come all the time.
  const sending = setInterval(() => vpp.interface("eth0").inject(Buffer.alloc(64, 0xff)), 20);
  t.teardown(() => clearInterval(sending));
  await until(page, `/[1-9]/.test(document.querySelector("#punts td.number")?.textContent)`);
  // The daemon of the other host explains its punt, and has its packets.
  await click(page, "#punts .name");
  await until(page, `/no program is connected/.test(document.querySelector("#detail .way")?.textContent)`);
  await until(page, `/span\\/eth0/.test(document.querySelector("#detail .items")?.textContent)`);
  const detail = await page.$eval("#detail", (aside) => aside.textContent as string);
  t.true(
    detail.includes(`its daemon daemon of h1, or by vpp-punt dump far --socket ${join(directory, "h1.sock")}`),
    detail,
  );
  t.is(await page.$("#dump-filter"), null);
  await page.select("#hosts select", "h0");
  await until(page, `document.querySelector("#empty").textContent === "There are no punts."`);
  t.is(complaints.join("\n"), "");
});
