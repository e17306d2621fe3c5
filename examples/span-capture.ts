// Captures what an interface receives into pcapng files of a limited size, and keeps the newest three.
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PcapngWriter } from "vpp-punt";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });

const LARGEST_FILE = 4_096;
const MOST_FILES = 3;

/** Files of a capture, one after the other. */
class Rotation {
  readonly files: string[] = [];
  #writer: PcapngWriter | undefined;
  #written = 0;
  #number = 0;

  write(frame: Uint8Array): void {
    if (this.#writer === undefined || this.#written + frame.length > LARGEST_FILE) this.#next();
    this.#writer!.writePacket(0, frame);
    this.#written += frame.length;
  }

  #next(): void {
    this.close();
    const file = join(vpp.directory, `eth0-${this.#number++}.pcapng`);
    this.#writer = PcapngWriter.open(file);
    this.#writer.addInterface("eth0");
    this.#written = 0;
    this.files.push(file);
    if (this.files.length > MOST_FILES) rmSync(this.files.shift()!);
  }

  close(): void {
    this.#writer?.close();
  }
}

await using span = await openPunt(
  { cnf: "capture", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" },
  { vpp },
);
const capture = new Rotation();
const FRAMES = 40;
let frames = 0;
const done = new Promise<void>((resolve) => {
  span.receive((batch) => {
    for (let i = 0; i < batch.length; i++) capture.write(batch.view(i));
    frames += batch.length;
    if (frames >= FRAMES) resolve();
  });
});
await span.ready({ timeout: 10_000 });
// The embedded VPP learns of a connection a little later than the CNF.
do await sleep(1);
while (!(await vpp.interfaces()).slice(1).every(({ linkUp }) => linkUp));
vpp.interface("eth0").inject(Array.from({ length: FRAMES }, (_, i) => new Uint8Array(600).fill(i)));
await done;
capture.close();
for (const file of capture.files) console.log(`${file.split("/").at(-1)}: ${statSync(file).size} bytes`);
