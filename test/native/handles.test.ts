// Every kind of native handle in worker threads that end in every way: no crash, no descriptor, thread or mapping left.
import { fileURLToPath } from "node:url";
import test, { type ImplementationFn } from "ava";
import { native } from "../../lib/native.js";
import { runProgram } from "../support/machine/script.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const script = fileURLToPath(new URL("../support/native/endings.js", import.meta.url));
type Declare = (title: string, run: ImplementationFn<[]>) => void;

function declare(kind: string, declareTest: Declare, ...command: string[]): void {
  declareTest(`threads with an open ${kind} end at any moment and leave nothing`, async (t) => {
    const folder = socketFolder(t);
    const [program, ...args] = [...command, process.execPath, script, folder, kind];
    const ended = await runProgram(t, program!, ...args);
    // libvapiclient itself writes of the answers that it throws away.
    const output = ended.output.split("\n").filter((line) => !line.startsWith("vapi_sock_disconnect:"));
    t.deepEqual({ ...ended, output: output.join("\n") }, { output: "ended\n", code: 0, signal: null });
  });
}

const plain: Declare = (title, run) => void test.serial(title, run);
for (const kind of [
  ...["memif", "memif, adaptive", "memif, polling", "memif, copied", "memif, retained packets"],
  ...["memif, queues of another thread", "forwarder", "responder", "punt socket", "injector", "filter"],
  ...["capture", "frame port, punt socket", "embedded VPP"],
])
  declare(kind, plain);
declare("descriptors", need("no-emulation").test.serial);
declare("memif, libmemif", need("libmemif").test.serial);
if (native.buildInfo().vapiSocket) declare("embedded VPP, vapi", plain);

const linux = need("root", "netns", "ip").test.serial;
const withLoopback = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"'];
declare("packet socket", linux, ...withLoopback);
declare("frame port, packet socket", linux, ...withLoopback);
const tun = need("root", "netns", "ip", "tun").test.serial;
declare("frame port, TAP", tun, ...withLoopback);
declare("frame port, TUN", tun, ...withLoopback);
