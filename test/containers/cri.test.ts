// CNFs named by their pods, through Kubernetes' Container Runtime Interface: a runtime for the test says which containers run.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { ContainerWatch, parseSelector } from "../../lib/containers/index.js";
import { ContainerHost, LinuxHost } from "../../lib/host/index.js";
import { PuntManager } from "../../lib/punt/index.js";
import { type FakeContainer, FakeCri } from "../support/containers/cri.js";
import { need } from "../support/need.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const ID = "0123456789abcdef";
const POD = parseSelector("pod:prod/dns-0")!;

const dns: FakeContainer = {
  ...{ id: ID, namespace: "prod", pod: "dns-0", name: "server", pid: process.pid },
  podLabels: { app: "dns" },
  env: ["MICROSERVICE_LABEL=dns"],
};

async function runtime(t: ExecutionContext, hasEvents = true) {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-cri-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const cri = new FakeCri(hasEvents);
  const path = join(folder, "cri.sock");
  await cri.listen(path);
  t.teardown(() => cri.close());
  return { cri, path };
}

function watch(t: ExecutionContext, cri: string): ContainerWatch {
  const found = new ContainerWatch({ cri });
  t.teardown(() => found.close());
  return found;
}

test("a container is found by its pod, its name in the pod, its id, the pod's labels and its microservice label", async (t) => {
  const { cri, path } = await runtime(t);
  cri.containers = [dns, { ...dns, id: "fedcba9876543210", pod: "dns-1", isRunning: false }];
  const containers = watch(t, path);
  await containers.settled;
  t.is(containers.problem, undefined);
  const count = (text: string) => containers.find(parseSelector(text)!).length;
  const found = ["pod:prod/dns-0", "container:prod/dns-0/server", `container:${ID.slice(0, 12)}`];
  for (const text of [...found, "label:app=dns", "microservice:dns"]) t.is(count(text), 1, text);
  for (const text of ["pod:prod/dns-1", "pod:dns-0", "container:server", "label:app=web"]) t.is(count(text), 0, text);
});

test("starts and stops are events, and the details of a container are read once", async (t) => {
  const { cri, path } = await runtime(t);
  const containers = watch(t, path);
  await containers.settled;
  t.deepEqual(containers.find(POD), []);
  cri.containers = [dns];
  cri.tell(ID);
  await once(containers, "change");
  t.is(containers.find(POD)[0]?.pid, process.pid);
  cri.containers = [{ ...dns, isRunning: false }];
  cri.tell(ID);
  await once(containers, "change");
  t.deepEqual(containers.find(POD), []);
  // A pod that starts again has a container of another id.
  cri.containers = [{ ...dns, id: "other0123456789" }];
  cri.tell("other0123456789");
  await once(containers, "change");
  t.is(containers.find(POD)[0]?.id, "other0123456789");
});

test("a runtime without events is read again and again, and a container that stays is not asked for again", async (t) => {
  const { cri, path } = await runtime(t, false);
  cri.containers = [dns];
  const containers = watch(t, path);
  await containers.settled;
  const lists = cri.calls.get("ListContainers")!;
  while (cri.calls.get("ListContainers")! < lists + 2) await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(cri.calls.get("ContainerStatus"), 1);
  cri.containers = [];
  await once(containers, "change");
  t.deepEqual(containers.find(POD), []);
});

test("events that end, a runtime that ends and comes back, and a runtime that lies", async (t) => {
  const { cri, path } = await runtime(t);
  cri.containers = [dns];
  const containers = watch(t, path);
  await containers.settled;
  cri.endEvents();
  cri.containers = [];
  await once(containers, "change");
  t.deepEqual(containers.find(POD), []);
  const isAway = once(containers, "change");
  await cri.close();
  await isAway;
  t.regex(containers.problem!.message, /the container runtime at .*cri\.sock/);
  rmSync(path, { force: true });
  const next = new FakeCri(true);
  next.containers = [{ ...dns, info: "{" }];
  await next.listen(path);
  t.teardown(() => next.close());
  while (containers.problem !== undefined) await once(containers, "change");
  t.is(containers.find(POD)[0]?.pid, 0);
  const host = new ContainerHost(new LinuxHost(), { cri: path });
  t.teardown(() => host.close());
  t.is(await host.identify("pod:prod/dns-0"), undefined);
  t.regex(host.explain("pod:prod/dns-0")!.text, /the runtime does not tell its process/);
});

test("an option that is not a socket is refused by name", async (t) => {
  const vpp = { call: () => {}, on: () => {}, off: () => {} } as never;
  for (const containers of [{ cri: 5 }, { docker: "/run/x" }, 5] as never[])
    await t.throwsAsync(PuntManager.start({ vpp, containers }), { code: "ERR_OPTION", message: /containers/ });
});

test("an emulated TAP goes to the container that its punt names", async (t) => {
  const { cri, path } = await runtime(t);
  cri.containers = [dns];
  const it = await managedVpp({ containers: { cri: path } });
  t.teardown(() => it.close());
  const hairpinInterface = { name: "hairpin0", ipAddresses: ["10.200.0.1/24"] };
  const request = { cnf: "dns", type: "HAIRPIN", interconnect: "TAP", vppInterface: "if1", hairpinInterface } as const;
  const { id, state } = await it.manager.add({ ...request, netns: { pod: "prod/dns-0" } }, { timeout: 10_000 });
  t.is(state, "CREATED");
  t.true((await it.vpp.hostInterfaces({ namespace: "pod:prod/dns-0" })).length > 0);
  t.deepEqual((await it.manager.plan()).steps, []);
  await it.manager.delete(id);
  t.deepEqual(await it.vpp.hostInterfaces(), []);
});

const root = need("root").test;

/** A process in a network namespace of its own, as a pod's container is. */
async function newPod(t: ExecutionContext): Promise<ChildProcess> {
  const child = spawn("unshare", ["--net", "sh", "-c", "echo there; exec sleep 1000"], {
    stdio: ["ignore", "pipe", 2],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

root("a punt names its pod: it waits, gets the pod's namespace, and follows a pod that is replaced", async (t) => {
  const { cri, path } = await runtime(t);
  const it = await managedVpp({ containers: { cri: path } });
  t.teardown(() => it.close());
  const host = new ContainerHost(new LinuxHost(), { cri: path });
  t.teardown(() => host.close());
  const tap = { cnf: "dns", type: "SPAN", interconnect: "TAP", vppInterface: "if1" } as const;
  const { state, missing } = await it.manager.add({ ...tap, netns: { pod: "prod/dns-0" } });
  t.is(state, "PENDING");
  t.like(missing[0], { kind: "container", name: "pod:prod/dns-0", text: "a container of pod prod/dns-0 to run" });
  t.is(await host.identify("pod:prod/dns-0"), undefined);
  for (const id of ["first0123456789", "second123456789"]) {
    const child = await newPod(t);
    const changed = new Promise<void>((resolve) => host.onChange(resolve));
    cri.containers = [{ ...dns, id, pid: child.pid! }];
    cri.tell(id);
    await changed;
    const inode = /\[(\d+)\]/.exec(readlinkSync(`/proc/${child.pid}/ns/net`))![1]!;
    while (!(await host.identify("pod:prod/dns-0"))?.includes(inode)) await new Promise(setImmediate);
  }
});
