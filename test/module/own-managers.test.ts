// The managers that the punts of one process share: one for each VPP, and the next one only after the end of the one before.
import test from "ava";
import { type OwnManager, OwnManagers } from "../../lib/module/own-managers.js";
import { settled } from "../support/module/life.js";

test("a VPP's next manager begins when the one before has ended", async (t) => {
  const said: string[] = [];
  let end = () => {};
  const close = () => {
    said.push("end");
    return new Promise<void>((resolve) => (end = resolve));
  };
  const managers = new OwnManagers(async (vpp) => {
    said.push(`begin ${vpp}`);
    return { close } as OwnManager;
  });
  const [first, second] = [managers.use("a", undefined), managers.use("a", undefined)];
  t.is(first.opened, second.opened);
  await first.close();
  t.deepEqual(said, ["begin a"], "the second one uses it");
  const closing = second.close();
  managers.use("a", undefined);
  await settled();
  managers.use("b", undefined);
  await settled();
  t.deepEqual(said, ["begin a", "end", "begin b"]);
  end();
  await closing;
  await settled();
  t.deepEqual(said, ["begin a", "end", "begin b", "begin a"]);
});
