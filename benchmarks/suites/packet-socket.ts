// Trials of packet sockets against C programs, on a veth pair in a network namespace that ends with its processes.
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  atMost,
  differenceAtMost,
  type Result,
  ratioAtLeast,
  ratioAtMost,
  type Side,
  type Step,
  type Suite,
  shown,
  type Trial,
  type Workspace,
} from "../harness/trial.js";

/** V8's compiling in the first tenths of a second should not matter. */
const SECONDS = 2;
const SIZES = [64, 1500];
/** The ends of the veth pair: the frames go from FAR to NEAR. */
const [NEAR, FAR] = ["near0", "far0"];

const namespaceOf = ({ folder }: Workspace) => join(folder, "netns");

/** The wire, which lives until the run's end. */
const wire = (workspace: Workspace): Step => ({ command: [workspace.peer("packet_wire"), namespaceOf(workspace)] });

function unavailable(): string | undefined {
  if (process.getuid?.() !== 0) return "it needs root";
  const places = (process.env.PATH ?? "").split(":");
  return places.some((folder) => existsSync(join(folder, "ip"))) ? undefined : "there is no program ip (iproute2)";
}

const perSecond = ({ packets, seconds }: Result) => packets! / seconds!;
const cpuNs = ({ packets, cpuUs }: Result) => (1000 * cpuUs!) / packets!;

/** A sender in C on core 0, which does the kernel's part of receiving too, and the receiver on core 1. */
function receiving(size: number, receiver: (w: Workspace, namespace: string) => string[]): Side {
  return (w) => [
    wire(w),
    { command: receiver(w, namespaceOf(w)), cpu: 1 },
    { command: [w.peer("packet_sender"), namespaceOf(w), FAR, `${size}`, `${SECONDS}`], cpu: 0 },
  ];
}

/** Receives from a sender that sends as fast as it can, and reads the first byte of each frame. */
function receive(size: number): Trial {
  return {
    name: `receive ${size} B from a device, flat out`,
    ours: receiving(size, (w, namespace) => w.script("packet-socket/receiver", namespace, NEAR)),
    peer: receiving(size, (w, namespace) => [w.peer("packet_receiver"), namespace, NEAR]),
    rows: [
      { name: "rate", unit: "pps", value: ([, receiver]) => perSecond(receiver!), target: ratioAtLeast(0.9) },
      { name: "CPU a packet", unit: "ns", value: ([, receiver]) => cpuNs(receiver!), target: shown },
      {
        name: "dropped, as the ring was full",
        unit: "%",
        value: ([wire, receiver]) => (100 * receiver!.dropped!) / wire!.toNear!,
        // Also a program in C drops frames while others take its core.
        target: differenceAtMost(0.5),
      },
      {
        name: "lost, and not counted",
        unit: "packets",
        value: ([wire, receiver]) => wire!.toNear! - receiver!.packets! - receiver!.dropped!,
        target: atMost(0),
      },
    ],
    unavailable,
  };
}

/** Sends as fast as the device takes frames; no program reads them at the other end. */
function send(size: number, how: "list" | "batch"): Trial {
  const sending =
    (sender: (w: Workspace, ...where: string[]) => string[]): Side =>
    (w) => [wire(w), { command: sender(w, namespaceOf(w), FAR, `${size}`, `${SECONDS}`), cpu: 1 }];
  return {
    name: `send ${size} B to a device, ${how}`,
    ours: sending((w, ...where) => w.script("packet-socket/sender", ...where, how)),
    peer: sending((w, ...where) => [w.peer("packet_sender"), ...where]),
    rows: [
      { name: "rate", unit: "pps", value: ([, sender]) => perSecond(sender!), target: ratioAtLeast(0.8) },
      { name: "CPU a packet", unit: "ns", value: ([, sender]) => cpuNs(sender!), target: ratioAtMost(1 / 0.8) },
      {
        name: "lost",
        unit: "packets",
        value: ([wire, sender]) => sender!.packets! - wire!.toNear!,
        target: atMost(0),
      },
    ],
    unavailable,
  };
}

const suite: Suite = {
  trials: [...SIZES.map(receive), ...SIZES.flatMap((size) => [send(size, "list"), send(size, "batch")])],
};

export default suite;
