// Whether an open socket or injector keeps its process running.
import { join } from "node:path";
import test from "ava";
import { moduleText, runNode } from "../support/machine/script.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const library = new URL("../../lib/punt-socket/index.js", import.meta.url).href;

/** A module with a socket and an injector for a VPP that is not there. It prints "kept" if something keeps it that long. */
function script(folder: string, keptMs: number, body: string): string[] {
  return moduleText(`
    import { PuntInjector, PuntSocket } from ${JSON.stringify(library)};
    const vppPath = ${JSON.stringify(join(folder, "vpp"))};
    const socket = PuntSocket.open({ path: ${JSON.stringify(join(folder, "client"))}, vppPath, onWarning() {} });
    const injector = PuntInjector.open({ vppPath, knownInterfaces: new Set([1]) });
    // Nothing waits for this timer: it runs in a process that something else keeps.
    setTimeout(() => { console.log("kept"); process.exit(0); }, ${keptMs}).unref();
    const handler = () => {};
    ${body}`);
}

const KEEPING = {
  "with a handler": "socket.receive(handler);",
  "in a loop": "socket[Symbol.asyncIterator]().next();",
  "after ref()": "socket.ref();",
  "after unref() and ref()": "socket.receive(handler); socket.unref().ref();",
  "where an injector looks for VPP": "injector.inject(0, 1, new Uint8Array(60));",
};

const LEAVING = {
  "that nothing reads": "",
  "that was polled": "socket.poll(handler);",
  "after unref()": "socket.receive(handler); socket.unref();",
  "after ref() and unref()": "socket.ref().unref();",
  "after a loop was left": "const it = socket[Symbol.asyncIterator](); it.next(); it.return();",
  "with a handler, once it is closed": "socket.receive(handler); socket.close();",
  "after ref(), once it is closed": "socket.ref(); socket.close();",
  "where an injector that looked for VPP is closed":
    "for (let i = 0; i < 3; i++) injector.inject(0, 1, new Uint8Array(60)); injector.close();",
};

for (const [state, body] of Object.entries(KEEPING)) {
  test(`a socket ${state} keeps the process running`, async (t) => {
    t.deepEqual(await runNode(t, ...script(socketFolder(t), 200, body)), { output: "kept\n", code: 0, signal: null });
  });
}

for (const [state, body] of Object.entries(LEAVING)) {
  test(`a socket ${state} lets the process end`, async (t) => {
    t.deepEqual(await runNode(t, ...script(socketFolder(t), 10_000, body)), { output: "", code: 0, signal: null });
  });
}
