// A delete waits for all that was made under the punt's name, also for a request that was replaced before it was made.
import test, { type ExecutionContext } from "ava";
import { Gate } from "../support/gate.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";

const TYPES = ["SPAN", "ABX", "PUNT_TO_SOCKET", "DHCP_PROXY", "ISISX"] as const;
/** The requests that VPP gets last. */
const LAST = /^(sw_interface_span_enable|abx_policy_add|punt_socket_register|dhcp_proxy_config|isisx_connection_add)/;

const requestOf = (type: (typeof TYPES)[number], subject: number) =>
  puntOf(type, { cnf: "cnf1", interconnect: "TAP", subject, unique: 1 });

const idOf = (type: (typeof TYPES)[number]) => ({ cnf: "cnf1", key: "item", label: type });

/** Holds the last request of the next punt back until the gate opens. */
function holding({ client }: ManagedVpp): Gate {
  const gate = new Gate();
  const call = client.call.bind(client) as (...all: unknown[]) => Promise<never>;
  let isHeld = true;
  client.call = async (...all: unknown[]) => {
    if (isHeld && LAST.test(all[0] as string)) {
      isHeld = false;
      await gate.pass();
    }
    return call(...all);
  };
  return gate;
}

async function opened(t: ExecutionContext) {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.resync();
  return { it, before: await snapshot(it.client) };
}

for (const type of TYPES) {
  test(`${type}: deleted and added while it is made, and deleted at once`, async (t) => {
    const { it, before } = await opened(t);
    const gate = holding(it);
    const first = it.manager.add(requestOf(type, 0));
    await gate.arrived;
    const calls = [it.manager.delete(idOf(type)), it.manager.add(requestOf(type, 1))];
    const last = it.manager.delete(idOf(type));
    gate.open();
    await last;
    t.deepEqual(await snapshot(it.client), before);
    await Promise.allSettled([first, ...calls]);
  });

  test(`${type}: updated, and deleted while the update is made`, async (t) => {
    const { it, before } = await opened(t);
    await it.manager.add(requestOf(type, 0), { waitFor: "CREATED" });
    const gate = holding(it);
    const updated = it.manager.update(requestOf(type, 1));
    await gate.arrived;
    const deleted = it.manager.delete(idOf(type));
    gate.open();
    await deleted;
    t.deepEqual(await snapshot(it.client), before);
    await Promise.allSettled([updated]);
  });
}
