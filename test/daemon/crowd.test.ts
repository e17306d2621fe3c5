// Connections of one caller: so many at a time, and those of others are taken all the same.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import test from "ava";
import { Crowd, MOST_OF_PROCESS, MOST_OF_USER } from "../../lib/daemon/doors/crowd.js";
import { openUnixDoor } from "../../lib/daemon/doors/index.js";
import type { UnixCaller } from "../../lib/daemon/identity.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const caller = (pid: number, uid = 1): UnixCaller => ({ kind: "unix", uid, gid: 1, pid, groups: [], socket: "/s" });

test("a process and a user have so many connections at a time, and another user's are not counted", (t) => {
  const crowd = new Crowd();
  const leaves = Array.from({ length: MOST_OF_PROCESS }, () => crowd.enter(caller(7)));
  t.true(leaves.every((leave) => leave !== undefined));
  t.is(crowd.enter(caller(7)), undefined);
  leaves[0]!();
  t.truthy(crowd.enter(caller(7)));
  t.is(crowd.enter(caller(7)), undefined);
  for (let count = MOST_OF_PROCESS; count < MOST_OF_USER; count++) t.truthy(crowd.enter(caller(0)));
  t.is(crowd.enter(caller(0)), undefined);
  t.is(crowd.enter(caller(8)), undefined);
  t.truthy(crowd.enter(caller(8, 2)));
  leaves[1]!();
  t.truthy(crowd.enter(caller(8)));
});

test("a connection too many is ended, and the end of a connection makes room", async (t) => {
  const path = join(temporaryFolder(t), "door.sock");
  let pid = 7;
  let requests = 0;
  const door = await openUnixDoor({
    ...{ path, mode: 0o600, group: undefined, owner: undefined },
    handler: (_request, response) => {
      requests++;
      (response as ServerResponse).write("here");
    },
    callerOf: () => caller(pid),
    problem: (error) => t.fail(String(error)),
  });
  t.teardown(() => door.close());
  const opened: Socket[] = [];
  t.teardown(() => {
    for (const socket of opened) socket.destroy();
  });
  const open = async () => {
    const socket = connect(path).on("error", () => {});
    opened.push(socket);
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n");
    const [answer] = await Promise.race([once(socket, "data"), once(socket, "close")]).catch(() => []);
    return Buffer.isBuffer(answer);
  };
  for (let count = 0; count < MOST_OF_PROCESS; count++) if (!(await open())) t.fail("a connection was refused");
  t.false(await open());
  t.is(requests, MOST_OF_PROCESS);
  pid = 8;
  t.true(await open());
  pid = 7;
  opened[0]!.destroy();
  while (!(await open()));
  t.pass();
});
