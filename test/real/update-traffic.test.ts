// Updates of punts on a real VPP while a host sends numbered packets: each packet that all requests want arrives once, in order.
import { join } from "node:path";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { PuntSocket } from "../../lib/punt-socket/index.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

const real = need("root", "vpp", "hosts", "python3").test.serial;

const PORT = 2000;
const MARKER = /number-\d+/;
/** Sends numbers to an address, until it is killed. The first ones may be lost while VPP and the host resolve their MAC addresses. */
const SENDER = `
import itertools, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in itertools.count():
    s.sendto(b"number-%06d" % number, (sys.argv[1], ${PORT}))
    time.sleep(0.002)
`;

/** The numbers that a CNF has received, over whatever it has. */
class Received {
  readonly numbers: number[] = [];

  take(batch: { readonly length: number; copy(index: number): Uint8Array }): void {
    for (let i = 0; i < batch.length; i++) {
      const found = MARKER.exec(Buffer.from(batch.copy(i)).toString("latin1"));
      if (found) this.numbers.push(Number(found[0].slice("number-".length)));
    }
  }

  /** The numbers between the first and the last that did not come once and in order. */
  get faults(): number[] {
    return this.numbers.filter((number, index) => index > 0 && number !== this.numbers[index - 1]! + 1);
  }
}

/** Makes the requests the punt's one after the other, several times, while the host sends. */
async function alternate(scenario: Scenario, received: Received, requests: readonly PuntRequestInput[]): Promise<void> {
  await until("packets", () => received.numbers.length > 10);
  for (let round = 0; round < 5; round++) {
    for (const request of requests) {
      await scenario.manager.update(request, { waitFor: "CREATED", timeout: 20_000 });
      const seen = received.numbers.length;
      await until("packets after an update", () => received.numbers.length > seen + 10);
    }
  }
}

need("root", "vpp", "hosts", "python3", "plugin:abx").test.serial(
  "updates of the rules of an ABX lose no packet that all rules want (MEMIF)",
  async (t) => {
    const scenario = await Scenario.start(t);
    const { host, vppInterface } = await scenario.network.neighbor("10.9.0");
    const rules = (...ports: number[]) =>
      ports.map((destinationPort) => ({ protocol: "UDP", destinationPort }) as const);
    const request = { type: "ABX", cnf: "a", interconnect: "MEMIF", vppInterface } as const;
    const port = await scenario.memif(
      await scenario.add({ ...request, egressAclRules: [{}], ingressAclRules: rules(PORT) }),
    );
    const received = new Received();
    port.receive((batch) => received.take(batch));
    const sender = host.daemon("python3", "-c", SENDER, "10.9.0.1");
    const requests = [rules(1000, PORT), rules(PORT, 3000), rules(PORT)];
    await alternate(
      scenario,
      received,
      requests.map((ingressAclRules) => ({ ...request, egressAclRules: [{}], ingressAclRules })),
    );
    sender.kill();
    t.deepEqual(received.faults, []);
  },
);

real(
  "updates of the path of a PUNT_TO_SOCKET lose no packet: each goes to the old socket or to the new one",
  async (t) => {
    const scenario = await Scenario.start(t);
    const { network, vpp } = scenario;
    const { host } = await network.neighbor("10.9.1");
    const received = new Received();
    const paths = ["a.sock", "b.sock"].map((name) => join(vpp.directory, name));
    for (const path of paths) {
      const onBatch = (batch: Parameters<Received["take"]>[0]) => received.take(batch);
      const socket = PuntSocket.open({ path, vppPath: vpp.puntSocket, onWarning: () => {}, onBatch });
      t.teardown(() => socket.close());
    }
    const toHost = { af: "IPV4", protocol: "UDP", port: PORT } as const;
    const requests = paths.map((socketPath) => ({ type: "PUNT_TO_SOCKET", cnf: "a", toHost, socketPath }) as const);
    await scenario.add(requests[1]!);
    const sender = host.daemon("python3", "-c", SENDER, "10.9.1.1");
    await alternate(scenario, received, requests);
    sender.kill();
    received.numbers.sort((one, other) => one - other);
    t.deepEqual(received.faults, []);
  },
);
