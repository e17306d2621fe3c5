// Opens memif ports while shared mappings fail, and tells its parent; connects them when they succeed again.
import { once } from "node:events";
import { PuntError } from "../../../lib/errors.js";
import { Memif } from "../../../lib/memif/index.js";

const [folder] = process.argv.slice(2) as [string];
const reasons: string[] = [];
const ports: Memif[] = [];

function open(role: "server" | "client"): Memif {
  const port = Memif.open({ role, socket: `${folder}/memif.sock`, reconnectMs: 10 });
  port.on("refused", ({ reason, by }) => reasons.push(`${by}: ${reason}`));
  port.on("down", ({ reason, by }) => reasons.push(`${by}: ${reason}`));
  ports.push(port);
  return port;
}

try {
  const [server, client] = [open("server"), open("client")];
  const isShort = () => reasons.some((reason) => /ENOMEM|memory/i.test(reason));
  while (client.peer === undefined && !isShort()) await new Promise((resolve) => setTimeout(resolve, 5));
  process.send!({ reasons, isUp: client.peer !== undefined });
  await once(process, "message");
  while (client.peer === undefined || server.peer === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  let packets = 0;
  server.receive((batch) => {
    packets += batch.length;
  });
  client.send(new Uint8Array(64));
  while (packets === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  process.send!({ packets });
} catch (error) {
  if (!(error instanceof PuntError)) throw error;
  process.send!({ refused: error.code });
}
for (const port of ports) port.close();
process.disconnect();
