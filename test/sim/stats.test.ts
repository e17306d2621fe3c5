// The embedded VPP's statistics segment, read as the statistics of any VPP.
import test from "ava";
import { type CombinedStat, type NamesStat, type SimpleStat, VppStats } from "../../lib/binapi/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";

const FRAME = Buffer.alloc(64, 0xff);

/** Reads until `found` returns something: values are written some milliseconds after VPP has counted. */
async function until<T>(
  stats: VppStats,
  found: (read: Awaited<ReturnType<VppStats["read"]>>) => T | undefined,
): Promise<T> {
  for (;;) {
    const value = found(await stats.read());
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("counters of interfaces and nodes are VPP's, by VPP's names", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
  const stats = await VppStats.open({ socketPath: vpp.statsSocket! });
  t.teardown(() => stats.close());
  t.deepEqual(((await stats.read("/if/names")).get("/if/names") as NamesStat).names, ["local0", "eth0"]);

  vpp.interface("eth0").inject([FRAME, FRAME]);
  const { rx, drops } = await until(stats, (read) => {
    const [received, dropped] = [read.get("/if/rx") as CombinedStat, read.get("/if/drops") as SimpleStat];
    return received.threads[0]!.packets[1] === 2n ? { rx: received, drops: dropped } : undefined;
  });
  t.deepEqual([...rx.threads[0]!.bytes], [0n, 128n]);
  t.deepEqual([...drops.threads[0]!], [0n, 2n]);
  const error = "/err/ethernet-input/unknown ethernet type";
  const [count] = await until(stats, (read) => (read.get(error) as SimpleStat | undefined)?.threads[0]);
  t.is(count, 2n);
});

test("interfaces that come and go are another epoch, and a new VPP begins at 0", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
  const stats = await VppStats.open({ socketPath: vpp.statsSocket! });
  t.teardown(() => stats.close());
  vpp.interface("eth0").inject(FRAME);
  await vpp.cli("create sub-interfaces eth0 7");
  await until(stats, (read) => ((read.get("/if/names") as NamesStat).names[2] === "eth0.7" ? true : undefined));
  await vpp.cli("delete sub-interface eth0.7");
  await until(stats, (read) => ((read.get("/if/names") as NamesStat).names[2] === "eth0.7" ? undefined : true));

  await vpp.restart();
  const { threads } = (await stats.read("/if/rx")).get("/if/rx") as CombinedStat;
  t.deepEqual([...threads[0]!.packets], [0n, 0n]);
});

test("22.02 has other numbers of the kinds", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], release: "22.02" });
  const stats = await VppStats.open({ socketPath: vpp.statsSocket! });
  t.teardown(() => stats.close());
  t.is((await stats.read("/if/names")).get("/if/names")!.type, "names");
});

test("statsSocket: false is a VPP without statistics", async (t) => {
  await using vpp = await EmbeddedVpp.start({ statsSocket: false });
  t.is(vpp.statsSocket, undefined);
  await t.throwsAsync(VppStats.open({ socketPath: `${vpp.directory}/stats.sock` }), { code: "ERR_DISCONNECTED" });
});
