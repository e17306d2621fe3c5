// The drawings for contributors: the folders of lib/, the way of a packet, the way of a punt.

const row = (y, names, { x = 20, w = 150, h = 50, gap = 14, kind } = {}) =>
  Object.fromEntries(
    names.map(([name, text, ownKind], index) => [
      name,
      { x: x + index * (w + gap), y, w, h, text, kind: ownKind ?? kind },
    ]),
  );

const folders = {
  name: "folders",
  title: "The folders of lib/",
  text: "Each row uses the rows below it: the command line and the daemon, the punt manager, the binary API and the packet ports, and the native addon.",
  width: 860,
  height: 420,
  frames: [],
  boxes: {
    ...row(
      20,
      [
        ["cli", "cli\nthe command line"],
        ["explain", "explain\nwhy a packet comes"],
        ["sim", "sim, testing\nthe embedded VPP", "linux"],
      ],
      { w: 190 },
    ),
    ...row(
      104,
      [
        ["daemon", "daemon\nmany CNFs"],
        ["module", "module\na CNF's side"],
        ["cluster", "cluster\netcd"],
        ["stonework", "stonework\nboth sides"],
      ],
      { w: 190, kind: "cnf" },
    ),
    ...row(188, [["punt", "punt\nthe manager: plan, diff, reconcile", undefined]], { w: 394, kind: "cnf" }),
    ...row(188, [["wire", "wire, counters\ncontract, counters"]], { x: 428, w: 190 }),
    ...row(
      272,
      [
        ["binapi", "binapi, vpp\nVPP's API", "vpp"],
        ["host", "host, containers\nLinux, engines", "linux"],
        ["ports", "the ports\nmemif, punt-socket, ...", "vpp"],
        ["packet", "packet, descriptor\nbatches, sockets"],
      ],
      { w: 190 },
    ),
    ...row(
      356,
      [
        ["native", "native.ts, native/ (C++)\nrings, sockets, descriptors"],
        ["ground", "errors, options, net, ...\nthe ground floor"],
      ],
      { w: 394 },
    ),
  },
  arrows: [
    ["cli bottom", "daemon top"],
    ["daemon bottom", "punt top 0.2411"],
    ["module bottom", "punt top 0.7589"],
    ["cluster bottom", "wire top"],
    ["punt bottom 0.2411", "binapi top"],
    ["punt bottom 0.7589", "host top"],
    [
      "ports bottom 0.3",
      "native top 0.97",
      "",
      {
        via: [
          [485, 340],
          [402, 340],
        ],
      },
    ],
    ["binapi bottom", "native top 0.2411"],
  ],
};

const packet = {
  name: "packet-way",
  title: "The way of a packet",
  text: "A doorbell or a socket wakes the native code. It reads one burst, fills a table of offsets and lengths, and calls JavaScript once. The handler reads the batch in place. When it returns, the slots go back to VPP.",
  width: 860,
  height: 250,
  frames: [{ x: 200, y: 20, w: 640, h: 210, text: "one process", kind: "cnf" }],
  boxes: {
    vpp: { x: 20, y: 60, w: 130, h: 130, text: "VPP\nring in shared\nmemory, or socket", kind: "vpp" },
    burst: { x: 230, y: 60, w: 170, h: 54, text: "native burst\nchecks each descriptor" },
    table: { x: 440, y: 60, w: 170, h: 54, text: "BatchTable\noffsets and lengths" },
    handler: { x: 650, y: 60, w: 170, h: 54, text: "handler(batch)\nreads in place" },
    back: { x: 440, y: 156, w: 170, h: 54, text: "slots go back\nonce a batch" },
    send: { x: 650, y: 156, w: 170, h: 54, text: "send, reply\ncopies or in place" },
  },
  arrows: [
    ["vpp right 0.2077", "burst left", "wakes", { dx: -15 }],
    ["burst right", "table left"],
    ["table right", "handler left", "", {}],
    [
      "handler bottom 0.3",
      "back top 0.8",
      "",
      {
        via: [
          [701, 134],
          [576, 134],
        ],
      },
    ],
    ["handler bottom 0.7", "send top 0.7"],
    ["back left", "vpp right 0.9462", "", {}],
    [
      "send bottom",
      "vpp bottom",
      "",
      {
        via: [
          [735, 240],
          [85, 240],
        ],
      },
    ],
  ],
};

const punt = {
  name: "punt-way",
  title: "The way of a punt",
  text: "A request is checked and stored. The plan says which items VPP and Linux should have, the diff lists the steps that are missing, and the reconciler takes the steps and reads the state back. Events of VPP and of Linux start it again.",
  width: 860,
  height: 250,
  frames: [],
  boxes: {
    add: { x: 20, y: 30, w: 130, h: 54, text: "add(request)\nor apply, etcd", kind: "cnf" },
    check: { x: 190, y: 30, w: 130, h: 54, text: "check\nschema, defaults" },
    store: { x: 360, y: 30, w: 130, h: 54, text: "store\non disk first" },
    plan: { x: 530, y: 30, w: 130, h: 54, text: "plan\npunts → items" },
    diff: { x: 700, y: 30, w: 140, h: 54, text: "diff\nitems → steps" },
    steps: { x: 700, y: 150, w: 140, h: 54, text: "steps\nin order of needs" },
    vpp: { x: 530, y: 150, w: 130, h: 54, text: "VPP\nbinary API", kind: "vpp" },
    linux: { x: 360, y: 150, w: 130, h: 54, text: "Linux\nnetlink", kind: "linux" },
    read: { x: 190, y: 150, w: 130, h: 54, text: "read back\nwhat is there" },
    status: { x: 20, y: 150, w: 130, h: 54, text: "status\nCREATED, why not", kind: "cnf" },
  },
  arrows: [
    ["add right", "check left"],
    ["check right", "store left"],
    ["store right", "plan left"],
    ["plan right", "diff left"],
    ["diff bottom", "steps top"],
    ["steps left", "vpp right"],
    ["vpp left", "linux right"],
    ["linux left", "read right"],
    ["read left", "status right"],
    [
      "read top",
      "plan bottom",
      "events of VPP and Linux: again",
      {
        via: [
          [255, 117],
          [595, 117],
        ],
      },
    ],
  ],
};

export const architecture = [folders, packet, punt];
