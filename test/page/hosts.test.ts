// The page of a daemon with etcd: the punts of every host.
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { openTab, until } from "../support/browser.js";
import { eventually, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

need("chromium", "page", "etcd", "etcdctl").test("the page shows the punts of the host that is chosen", async (t) => {
  const members = await Members.start(t);
  const there = await members.join();
  const { directory, vpp, etcd } = members;
  const daemon = await Daemon.start({
    ...{ socket: join(directory, "h0.sock"), vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets") },
    page: { port: 0 },
    etcd: { endpoints: etcd.url, host: "h0", name: "here", timeout: 500, lease: 10 },
    manager: { host: new EmulatedHost(vpp), owner: "h0", memifDirectory: join(directory, "memif-h0") },
  });
  t.teardown(() => daemon.close());
  await eventually(async () => there.role === "leader");
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
  t.is(await page.$eval("#punts td.number", (cell) => cell.textContent as string), "–");
  await page.select("#hosts select", "h0");
  await until(page, `document.querySelector("#empty").textContent === "There are no punts."`);
  t.is(complaints.join("\n"), "");
});
