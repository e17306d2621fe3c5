// The files of a new CNF: a UDP service in TypeScript, its test on the embedded VPP, and a container image.

export interface ProjectOptions {
  /** Name of the package and label of the CNF. */
  readonly name: string;
  /** UDP port of the service. */
  readonly port: number;
  /** The version or the path that npm installs as `vpp-punt`. */
  readonly package: string;
}

const MANIFEST = (name: string, spec: string) => ({
  name,
  version: "0.1.0",
  private: true,
  type: "module",
  engines: { node: ">=20" },
  scripts: {
    build: "tsc",
    start: "node dist/src/main.js",
    test: "tsc && node --test dist/test/",
    sim: 'vpp-punt daemon --sim --socket "$PWD/run/manager.sock" --state "$PWD/run/state"',
    // The compiler and the start take seconds each, and print nothing.
    try: 'echo "compiling" && tsc && echo "starting the CNF" && VPP_PUNT_SOCKET="$PWD/run/manager.sock" node dist/src/main.js',
  },
  dependencies: { "vpp-punt": spec },
  devDependencies: { "@types/node": "^20.19.0", typescript: "^5.9.0" },
});

const TSCONFIG = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    outDir: "dist",
    rootDir: ".",
  },
  include: ["src", "test"],
};

const SERVICE = `// The CNF's service: it answers each question.

/** Returns the answer to a datagram, or undefined for none. */
export function answer(question: Uint8Array): Uint8Array | undefined {
  if (question.length === 0) return undefined;
  return Buffer.from(\`you said: \${Buffer.from(question).toString()}\`);
}
`;

const MAIN = (name: string, port: number) => `// The CNF: asks for its punt, and serves until SIGTERM.
import { type CnfStatus, openPunt } from "vpp-punt/module";
import { answer } from "./service.js";

const show = ({ state, reasons }: CnfStatus) => console.log([state, ...reasons.map(({ text }) => text)].join(": "));

console.log("asking for UDP port ${port} of VPP");
await using punt = await openPunt({ cnf: "${name}", udp: ${port} });
show(punt.status);
punt.on("status", show);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void punt.close());

for await (const packet of punt.packets()) {
  const reply = packet.payload && answer(packet.payload);
  try {
    if (reply) packet.reply(reply);
  } catch (error) {
    console.warn(\`\${error}\`); // it went to a group, or VPP takes no answer of this length
  }
}
`;

const TEST = (port: number) => `// The CNF's logic, and the whole way of a packet through the embedded VPP.
import assert from "node:assert/strict";
import test from "node:test";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";
import { answer } from "../src/service.js";

test("it answers a question", () => {
  assert.equal(Buffer.from(answer(Buffer.from("hello"))!).toString(), "you said: hello");
  assert.equal(answer(new Uint8Array(0)), undefined);
});

test("a datagram to VPP is answered", async () => {
  const exec = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"];
  await using vpp = await EmbeddedVpp.start({ interfaces: [{ name: "eth0", mac: "02:fe:00:00:00:01" }], exec });
  await using punt = await openPunt({ cnf: "test", udp: ${port} }, { vpp });
  await punt.ready({ timeout: 10_000 });

  const left = new Promise<Uint8Array>((resolve) => vpp.interface("eth0").once("tx", resolve));
  vpp.interface("eth0").inject(datagram("hello"));
  for await (const packet of punt.packets()) {
    packet.reply(answer(packet.payload!)!);
    break;
  }
  assert.match(Buffer.from(await left).toString("latin1"), /you said: hello/);
});

/** An Ethernet frame with a UDP datagram from 10.0.0.2 to 10.0.0.1. */
function datagram(text: string): Uint8Array {
  const length = (bytes: number) => bytes.toString(16).padStart(4, "0");
  const ip = \`4500\${length(28 + text.length)}000000004011\`;
  const header = \`\${ip}0000\${"0a0000020a000001"}\`;
  let sum = header.match(/..../g)!.reduce((total, word) => total + Number.parseInt(word, 16), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  const udp = \`9999\${length(${port})}\${length(8 + text.length)}0000\`;
  const ethernet = "02fe00000001" + "020000000002" + "0800";
  const checked = \`\${ip}\${length(0xffff ^ sum)}0a0000020a000001\`;
  return Buffer.concat([Buffer.from(ethernet + checked + udp, "hex"), Buffer.from(text)]);
}
`;

const DOCKERFILE = `FROM node:22-slim AS build
WORKDIR /app
COPY package*.json ./
RUN npm install
COPY tsconfig.json ./
COPY src src
COPY test test
RUN npm run build && npm prune --omit=dev

# The CNF needs no root and no capability: only the folder of the daemon's sockets, mounted at /run/vpp-punt.
FROM node:22-slim
WORKDIR /app
ENV NODE_ENV=production VPP_PUNT_SOCKET=/run/vpp-punt/manager.sock
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
CMD ["node", "dist/src/main.js"]
`;

const README = (name: string, port: number) => `# ${name}

A CNF on FD.io VPP: it answers the datagrams that are sent to UDP port ${port} of VPP.

    npm install
    npm test                    # the logic, and a packet's whole way through the embedded VPP

To try it, without a VPP and without root:

    npm run sim                 # a daemon over an embedded VPP
    npm run try                 # in another terminal: the CNF; it prints the punt's state, "ready" at last

On a machine with VPP and the daemon (\`vpp-punt daemon\`):

    npm run build && npm start

In a container:

    docker build -t ${name} .
    docker run --network none -v /run/vpp-punt:/run/vpp-punt:ro ${name}

\`src/service.ts\` has what the CNF does, \`src/main.ts\` how it gets its packets.
`;

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Returns the contents of the files by their paths. */
export function projectFiles({ name, port, package: spec }: ProjectOptions): Record<string, string> {
  return {
    "package.json": json(MANIFEST(name, spec)),
    "tsconfig.json": json(TSCONFIG),
    "src/service.ts": SERVICE,
    "src/main.ts": MAIN(name, port),
    "test/service.test.ts": TEST(port),
    Dockerfile: DOCKERFILE,
    ".dockerignore": "node_modules\ndist\nrun\n",
    ".gitignore": "node_modules\ndist\nrun\n",
    "README.md": README(name, port),
  };
}
