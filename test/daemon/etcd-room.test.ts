// The log of a daemon says when etcd has no room.
import test from "ava";
import { EtcdRoom } from "../../lib/daemon/etcd-room.js";
import { SILENT } from "../../lib/logger.js";

test("the log says once that etcd has no room, and once that it has room again", async (t) => {
  const lines: string[] = [];
  const line = (_: object, text: string) => void lines.push(text);
  let answer: boolean | Error = false;
  const isFull = async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const room = new EtcdRoom({ endpoints: ["http://e:1"], isFull }, { ...SILENT, warn: line, info: line });
  t.teardown(() => room.close());
  for (const now of [false, true, true, new Error("away"), true]) {
    answer = now;
    await room.look().catch(() => {});
  }
  t.true(room.isFull);
  t.deepEqual(lines, ["etcd has no room left: changes are refused"]);
  answer = false;
  for (let look = 0; look < 2; look++) t.false(await room.look());
  t.deepEqual(lines.slice(1), ["etcd has room again: changes are made"]);
});
