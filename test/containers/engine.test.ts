// A container engine that lies, floods, falls silent and comes back: the error is named, and the containers are known again at once.
import { once } from "node:events";
import type { RequestListener } from "node:http";
import test, { type ExecutionContext } from "ava";
import { ContainerWatch, parseSelector } from "../../lib/containers/index.js";
import { ContainerHost, LinuxHost } from "../../lib/host/index.js";
import { EVENT, end, honest, ID, listen, socketPath } from "../support/containers/engine.js";

const WEB = parseSelector("container:web")!;

function watch(t: ExecutionContext, path: string): ContainerWatch {
  const found = new ContainerWatch(path);
  t.teardown(() => found.close());
  return found;
}

test("a container is found by name, id, microservice label, pod and labels", async (t) => {
  const path = socketPath(t);
  const server = await listen(path, honest());
  t.teardown(() => end(server));
  const containers = watch(t, path);
  await containers.settled;
  const count = (text: string) => containers.find(parseSelector(text)!).length;
  for (const text of [
    "container:web",
    `container:${ID.slice(0, 12)}`,
    "microservice:m",
    "pod:prod/web-1",
    "label:app=web",
  ])
    t.is(count(text), 1, text);
  const others = ["container:we", `container:${ID.slice(0, 4)}`, "microservice:n", "pod:web-1", "pod:dev/web-1"];
  for (const text of [...others, "label:app=we", "label:app=web,x=y"]) t.is(count(text), 0, text);
  t.is(parseSelector("/run/netns/container:web"), undefined);
});

test("starts and stops of containers are events, and the list is read again after the engine was away", async (t) => {
  const path = socketPath(t);
  let isRunning = true;
  let tell: (line: string) => void = () => {};
  const answer = honest(
    (write) => (tell = write),
    () => isRunning,
  );
  const first = await listen(path, answer);
  const containers = watch(t, path);
  await containers.settled;
  isRunning = false;
  tell(JSON.stringify(EVENT));
  await once(containers, "change");
  t.deepEqual(containers.find(WEB), []);
  const isAway = once(containers, "change");
  await end(first);
  await isAway;
  t.regex(containers.problem!.code, /^E/);
  isRunning = true;
  const second = await listen(path, answer);
  t.teardown(() => end(second));
  await once(containers, "change");
  t.is(containers.problem, undefined);
  t.is(containers.find(WEB).length, 1);
});

const hostile: Readonly<Record<string, RequestListener>> = {
  "words that are not JSON": (_request, response) => void response.end("<html>"),
  "JSON of another shape": (_request, response) => void response.end('{"Id":1}'),
  "an error": (_request, response) => void response.writeHead(500).end(),
  "no such list": ({ url = "" }, response) =>
    void (url.includes("/events") ? response.writeHead(200).flushHeaders() : response.writeHead(404).end("{}")),
  "a list without an end": ({ url = "" }, response) => {
    if (url.includes("/events")) return void response.writeHead(200).flushHeaders();
    const more = () => {
      while (!response.destroyed && response.write("[".repeat(1 << 16)));
    };
    response.on("drain", more).on("error", () => {});
    more();
  },
  "an event without an end": ({ url = "" }, response) => {
    if (!url.includes("/events")) return void response.end("[]");
    const more = () => {
      while (!response.destroyed && response.write("{".repeat(1 << 16)));
    };
    response.on("drain", more).on("error", () => {});
    more();
  },
  "an event that is none": ({ url = "" }, response) =>
    void (url.includes("/events") ? response.write("7\n") : response.end("[]")),
  "a reset": (request) => void request.socket.destroy(),
};

for (const [what, answer] of Object.entries(hostile)) {
  test(`an engine that answers with ${what} gives an error that names it`, async (t) => {
    const path = socketPath(t);
    const server = await listen(path, answer);
    t.teardown(() => end(server));
    const containers = watch(t, path);
    while (containers.problem === undefined) await once(containers, "change");
    t.regex(containers.problem.code, /^(ERR_CONTAINER_ENGINE|E[A-Z]+)$/);
    t.true(containers.problem.message.includes(path));
  });
}

test("a namespace that is named by a container is the container's, while it runs; otherwise the reason is known", async (t) => {
  const path = socketPath(t);
  const server = await listen(path, honest());
  t.teardown(() => end(server));
  const host = new ContainerHost(new LinuxHost(), path);
  t.teardown(() => host.close());
  t.is(await host.identify("container:web"), await host.identify(""));
  t.is(await host.identify("container:other"), undefined);
  t.deepEqual(host.explain("container:other"), { kind: "container", text: "container other to run" });
  await t.throwsAsync(host.links("container:other"), { code: "ENOENT" });
  const without = new ContainerHost(new LinuxHost(), undefined);
  t.is(await without.identify("pod:a/b"), undefined);
  t.regex(without.explain("pod:a/b")!.text, /no container engine is named/);
  t.is(without.explain("/run/netns/a"), undefined);
  const away = new ContainerHost(new LinuxHost(), `${path}.none`);
  t.teardown(() => away.close());
  t.is(await away.identify("container:web"), undefined);
  t.regex(away.explain("container:web")!.text, /ENOENT|no such file/);
  t.true(away.explain("container:web")!.isUnknown);
});
