// Receives for some seconds behind a filter: native code drops the packets that an expression of tcpdump's names, or whose 5-tuple is in a
// table of half a million, and a handler reads the first byte of the others.
import { FlowTable, PacketFilter, PacketRules } from "../../lib/packet/index.js";
import { END, endPacket, now, openPort, options, sendSurely, turn } from "./common.js";

/** Flows of libmemif_source.c. */
const FLOWS = 2 ** 20;

function halfOfTheFlows(): FlowTable {
  const table = new FlowTable({ capacity: FLOWS / 2 });
  for (let flow = 0; flow < FLOWS; flow += 2) {
    const source = `10.${flow >> 16}.${(flow >> 8) & 0xff}.${flow & 0xff}`;
    table.set({ protocol: 17, source, destination: "10.200.0.1", sourcePort: 1024, destinationPort: 53 });
  }
  return table;
}

const match = options.drop === undefined ? halfOfTheFlows() : PacketFilter.compile(options.drop);
const port = openPort({ filter: new PacketRules([{ match, action: "drop" }]) });
const queue = port.rx(0);
let delivered = 0;
let sum = 0;
let ended = false;

async function pollUntil(done: () => boolean): Promise<void> {
  while (!done()) {
    for (let i = 0; i < 1000 && !ended; i++) {
      queue.poll((batch) => {
        let last = 0;
        for (let k = 0; k < batch.length; k++) {
          last = batch.u8(k, 0);
          sum += last;
        }
        delivered += batch.length;
        ended ||= last === END;
      });
    }
    await turn();
  }
}

const received = () => delivered + queue.stats().droppedFilter;
await pollUntil(() => delivered > 0);
const start = { time: now(), received: received() };
await pollUntil(() => now() - start.time > options.seconds);
const pps = (received() - start.received) / (now() - start.time);
await sendSurely(port, endPacket());
await pollUntil(() => ended);
const result = { pps, received: received() - 1, dropped: queue.stats().droppedFilter, sum };
port.close();
console.log(JSON.stringify(result));
