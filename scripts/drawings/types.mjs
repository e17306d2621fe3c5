// The drawings of the punt types: the network on the left, VPP in the middle, the program above it.

const WIDTH = 900;
const HEIGHT = 336;

/** The frames of VPP and of the program. */
const FRAMES = [
  { x: 130, y: 130, w: 640, h: 190, text: "VPP", kind: "vpp" },
  { x: 130, y: 10, w: 640, h: 92, text: "CNF", kind: "cnf" },
];
const network = (text = "network") => ({ x: 16, y: 246, w: 86, h: 54, text, kind: "linux" });
const farNetwork = (text = "network") => ({ x: 798, y: 246, w: 86, h: 54, text, kind: "linux" });
const at = (column, row, text, w = 146) => ({
  x: [150, 332, 0, 604][column],
  y: { link: 162, way: 246 }[row],
  w,
  h: 54,
  text,
});
const program = (text = "program") => ({ x: 250, y: 36, w: 400, h: 54, text });

function drawing(name, title, text, boxes, arrows) {
  return { name, title, text, width: WIDTH, height: HEIGHT, frames: FRAMES, boxes, arrows };
}

export const types = [
  drawing(
    "hairpin-xconnect",
    "HAIRPIN_XCONNECT",
    "Packets of one interface go through the program to the other interface, and back. Each interface is cross-connected with an interconnect of its own.",
    {
      net: network(),
      far: farNetwork(),
      one: at(0, "way", "eth0\nl2 xconnect"),
      two: at(3, "way", "eth1\nl2 xconnect"),
      left: at(0, "link", "TAP or memif 1"),
      right: at(3, "link", "TAP or memif 2"),
      program: { ...program("program\nreads, changes, drops, passes on"), x: 150, w: 600 },
    },
    [
      ["net right", "one left", "", { both: true }],
      ["one top", "left bottom", "", { both: true }],
      ["left top", "program bottom 0.1217", "every frame", { both: true }],
      ["program bottom 0.8783", "right top", "every frame", { both: true }],
      ["right bottom", "two top", "", { both: true }],
      ["two right", "far left", "", { both: true }],
    ],
  ),
  drawing(
    "hairpin",
    "HAIRPIN",
    "Packets of one interface go through the program to a new interface of VPP's IP stack, and back.",
    {
      net: network(),
      one: at(0, "way", "eth0\nl2 xconnect"),
      left: at(0, "link", "TAP or memif 1"),
      right: at(3, "link", "hairpinInterface\nnew, with addresses"),
      stack: at(3, "way", "IP stack\nroutes, ARP, ICMP"),
      program: { ...program("program\nreads, changes, drops, passes on"), x: 150, w: 600 },
    },
    [
      ["net right", "one left", "", { both: true }],
      ["one top", "left bottom", "", { both: true }],
      ["left top", "program bottom 0.1217", "every frame", { both: true }],
      ["program bottom 0.8783", "right top", "every frame", { both: true }],
      ["right bottom", "stack top", "", { both: true }],
    ],
  ),
  drawing(
    "span",
    "SPAN",
    "VPP forwards the packets of an interface as before, and sends a copy of each to the program.",
    {
      net: network(),
      one: at(0, "way", "eth0\nmirrored"),
      stack: at(3, "way", "IP or bridge\nas before"),
      link: at(1, "link", "TAP or memif"),
      program: program("program\nreads copies"),
    },
    [
      ["net right", "one left", "", { both: true }],
      ["one right", "stack left", "packets go on", { both: true }],
      ["one top 0.6", "link left", "a copy of each", { copy: true, via: [[237.6, 189]], dx: -96, dy: 0 }],
      ["link top", "program bottom 0.3875", "copies", { copy: true }],
    ],
  ),
  drawing(
    "abx",
    "ABX",
    "Packets that match ingressAclRules go to the program, all others to VPP's IP stack. Frames of the program that match egressAclRules leave by the interface, all others are routed.",
    {
      net: network(),
      one: at(0, "way", "eth0"),
      rules: at(1, "way", "ingressAclRules"),
      stack: at(3, "way", "IP stack\nroutes"),
      link: at(1, "link", "TAP or memif\negressAclRules"),
      program: program("program\nanswers by the same link"),
    },
    [
      ["net right", "one left", "", { both: true }],
      ["one right", "rules left"],
      ["rules right", "stack left", "others"],
      ["rules top", "link bottom", "matches"],
      ["link top", "program bottom 0.3875", "as they arrived", { both: true }],
      ["link left", "one top", "match", { via: [[223, 189]], dx: -58 }],
      ["link right", "stack top", "others:\nrouted", { via: [[677, 189]], dy: -8 }],
    ],
  ),
  drawing(
    "punt-to-socket",
    "PUNT_TO_SOCKET",
    "VPP sends packets to its own addresses that match a UDP port, a protocol or a reason as datagrams to the program's socket. The program's answers go to VPP's punt socket.",
    {
      net: network(),
      one: at(0, "way", "eth0"),
      local: at(1, "way", "ip4-local\nport, protocol, reason"),
      out: at(3, "way", "routes, or\nan interface"),
      socket: at(1, "link", "CNF's socket\nAF_UNIX datagrams"),
      inject: at(3, "link", "punt socket\n/run/vpp/punt.sock"),
      program: { ...program("program\nPuntSocket, PuntInjector"), x: 332, w: 418 },
    },
    [
      ["net right", "one left", "", { both: true }],
      ["one right", "local left"],
      ["local top", "socket bottom", "punted"],
      ["socket top", "program bottom 0.1746", "with its Ethernet header"],
      ["program bottom 0.8254", "inject top", "answers"],
      ["inject bottom", "out top", "injected"],
    ],
  ),
  drawing(
    "dhcp-proxy",
    "DHCP_PROXY",
    "VPP relays the DHCP requests of a VRF to the program, and the program's answers to the hosts.",
    {
      net: network("hosts"),
      one: at(0, "way", "eth0\nin the VRF"),
      proxy: at(1, "way", "DHCP proxy\nof the VRF"),
      link: at(1, "link", "TAP or memif\nin the VRF"),
      program: program("program\nthe DHCP server"),
    },
    [
      ["net right", "one left", "", { both: true }],
      ["one right", "proxy left", "", { both: true }],
      ["proxy top", "link bottom", "relayed, with option 82", { both: true }],
      ["link top", "program bottom 0.3875", "unicast DHCP", { both: true }],
    ],
  ),
  drawing(
    "isisx",
    "ISISX",
    "VPP passes the IS-IS frames of an interface to the program, and the program's frames to the interface. IP packets go on to VPP's IP stack.",
    {
      net: network(),
      one: at(0, "way", "eth0"),
      osi: at(1, "way", "OSI input\nIS-IS: fe fe 03"),
      stack: at(3, "way", "IP stack\nas before"),
      link: at(1, "link", "TAP or memif"),
      program: program("program\nspeaks IS-IS"),
    },
    [
      ["net right", "one left", "", { both: true }],
      ["one right", "osi left", "", { both: true }],
      [
        "one bottom",
        "stack bottom",
        "IP",
        {
          via: [
            [223, 311],
            [677, 311],
          ],
          dx: 130,
        },
      ],
      ["osi top", "link bottom", "IS-IS", { both: true }],
      ["link top", "program bottom 0.3875", "frames of 802.3", { both: true }],
    ],
  ),
];
