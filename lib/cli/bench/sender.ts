// A process that sends packets as fast as it can, until its parent disconnects: over a memif, or to a punt socket.
import { Memif } from "../../memif/index.js";
import { PuntAction, PuntInjector } from "../../punt-socket/index.js";

/** Packets in a burst. */
const BURST = 256;

const [kind, path, size] = process.argv.slice(2) as [string, string, string];
const frame = new Uint8Array(Number(size)).fill(0xff);

/** Calls `send` again and again while the parent lives; between two bursts the event loop has its turn. */
function loop(send: () => void): void {
  if (!process.connected) process.exit();
  send();
  setImmediate(loop, send);
}

if (kind === "memif") {
  process.on("disconnect", () => process.exit());
  const memif = Memif.open({ role: "server", socket: path, ringSize: 2048 });
  memif.once("up", () => {
    const burst = new Array<Uint8Array>(BURST).fill(frame);
    loop(() => memif.send(burst));
  });
} else {
  const injector = PuntInjector.open({ vppPath: path, knownInterfaces: () => true });
  loop(() => {
    for (let i = 0; i < BURST; i++) if (!injector.inject(PuntAction.L2, 1, frame)) return;
  });
}
