// The rooms of a folder, from the ground up: each imports only rooms that come before it.
import test from "ava";
import { importsOf, libraryFiles } from "./source.js";

interface House {
  /** The folders and files at its top, from the ground up. */
  readonly floors: readonly string[];
  readonly mostRooms: number;
  readonly mostArrows: number;
}

const HOUSES: Readonly<Record<string, House>> = {
  "lib/punt": {
    floors: [
      ...["request", "interconnect", "items", "store", "types", "plan", "metadata.ts", "reconcile", "state.ts"],
      ...["attach.ts", "punts.ts", "desired", "options.ts", "default-host.ts", "worker", "machinery.ts", "set.ts"],
      ...["manager.ts", "index.ts"],
    ],
    mostRooms: 20,
    mostArrows: 84,
  },
  "lib/cli": {
    floors: [
      ...["about", "output", "ending", "punts", "packets", "bench", "doctor", "init", "describe", "commands"],
      ...["grammar", "program.ts", "main.ts"],
    ],
    mostRooms: 15,
    mostArrows: 30,
  },
  "lib/sim": {
    floors: [
      ...[
        "faults.ts",
        "frame-list.ts",
        "log.ts",
        "options.ts",
        "own-folder.ts",
        "vnet-error.ts",
        "dataplane",
        "packet-generator.ts",
        "cli.ts",
      ],
      ...["control.ts", "devices", "stats", "api", "spawned-vpp.ts", "instance.ts", "embedded-vpp.ts", "index.ts"],
      "spawned-main.ts",
    ],
    mostRooms: 20,
    mostArrows: 50,
  },
  "lib/sim/dataplane": {
    floors: [
      ...["vlib", "fib", "interface", "ip", "l2", "osi", "acl", "dhcp", "linux-cp", "neighbor", "punt", "dataplane.ts"],
      "index.ts",
    ],
    mostRooms: 15,
    mostArrows: 50,
  },
};

for (const [top, { floors, mostRooms, mostArrows }] of Object.entries(HOUSES)) {
  const files = libraryFiles().filter((file) => file.startsWith(`${top}/`));
  /** The part of the house that a file belongs to: a folder, or a file beside the folders. */
  const roomOf = (file: string): string => file.slice(top.length + 1).split("/")[0]!;

  const arrows = new Set(
    files.flatMap((file) =>
      importsOf(file)
        .filter((imported) => files.includes(imported) && roomOf(imported) !== roomOf(file))
        .map((imported) => `${roomOf(file)} -> ${roomOf(imported)}`),
    ),
  );

  test(`${top} is a staircase: few rooms, few arrows, all of them down`, (t) => {
    const rooms = new Set(files.map(roomOf));
    t.deepEqual([...rooms].sort(), [...floors].sort());
    t.true(rooms.size <= mostRooms, `${rooms.size} rooms`);
    t.true(arrows.size <= mostArrows, `${arrows.size} arrows`);
    for (const arrow of arrows) {
      const [from, to] = arrow.split(" -> ") as [string, string];
      t.true(floors.indexOf(to) < floors.indexOf(from), arrow);
    }
  });
}
