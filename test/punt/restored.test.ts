// A manager makes again what others have deleted or changed: its passes tell it once, and tell of nothing else.
import test, { type ExecutionContext } from "ava";
import { idText, type PuntId } from "../../lib/punt/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";

async function start(t: ExecutionContext) {
  const it = await managedVpp({ resyncInterval: 600_000 });
  t.teardown(() => it.close());
  const told: string[] = [];
  const listen = () =>
    it.manager.on("pass", ({ restored = [] }) => {
      for (const { id, items } of restored) told.push(`${idText(id)}: ${[...items].sort().join(" ")}`);
    });
  listen();
  /** Looks twice, so that a second word would be heard. */
  const news = async () => {
    for (let look = 0; look < 2; look++) await it.manager.resync();
    return told.splice(0);
  };
  const indexOf = async (id: PuntId) => {
    const { name } = it.manager.get(id)!.metadata.interconnects[0]!.vppInterface!;
    const found = await it.client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
    return {
      name,
      sw_if_index: found.find(({ tag, interface_name }) => tag === name || interface_name === name)!.sw_if_index,
    };
  };
  return { it, listen, news, indexOf };
}

test("a pass names the punts of a memif that was deleted by hand, and of a memif that was shut", async (t) => {
  const { it, news, indexOf } = await start(t);
  const at = (cnf: string) => ({ cnf, interconnect: "MEMIF", subject: 0, unique: 0, folder: it.directory }) as const;
  const { id } = await it.manager.add({ ...puntOf("SPAN", at("monitor")), key: "" }, { waitFor: "CREATED" });
  t.deepEqual(await news(), []);
  const { sw_if_index } = await indexOf(id);
  await it.client.call("memif_delete", { sw_if_index });
  const [made, ...more] = await news();
  t.deepEqual(more, []);
  t.true(made!.startsWith(`${idText(id)}: `));
  for (const item of [`interface/`, "span/if0"]) t.true(made!.includes(item), made);
  await it.client.call("sw_interface_set_flags", { sw_if_index: (await indexOf(id)).sw_if_index, flags: [] });
  const shut = await news();
  t.is(shut.length, 1);
  t.false(shut[0]!.includes("span"), shut[0]);
});

test("what programs ask for, and what a restart of VPP or of the manager leads to, is not told", async (t) => {
  const { it, listen, news } = await start(t);
  const folder = it.directory;
  const all = puntTypes.map((type, index) =>
    puntOf(type, { cnf: type, interconnect: "TAP", subject: Math.min(index, 2), unique: index, folder }),
  );
  for (const request of all) await it.manager.add(request, { waitFor: "CREATED" });
  t.deepEqual(await news(), []);
  const abx = all[puntTypes.indexOf("ABX")]!;
  const second = { ...abx, label: "second", ingressAclRules: [{ destinationNetwork: "local", protocol: "UDP" }] };
  await it.manager.add(second as never, { waitFor: "CREATED" });
  await it.manager.update({ ...abx, ingressAclRules: [{}] } as never, { waitFor: "CREATED" });
  t.deepEqual(await news(), []);
  await it.manager.delete({ cnf: "ABX", key: "item", label: "second" });
  t.deepEqual(await news(), []);
  await it.restartVpp();
  t.deepEqual(await news(), []);
  await it.restartManager();
  listen();
  t.deepEqual(await news(), []);
});
