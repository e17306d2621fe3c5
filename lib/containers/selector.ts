// How a request names a container: by name or id, by its microservice label, by its Kubernetes pod, or by its labels.
import type { RunningContainer } from "./container.js";

/** `container:web`, `microservice:dns`, `pod:<namespace>/<name>` or `label:<key>=<value>,...`, taken apart. */
export interface Selector {
  readonly kind: "container" | "microservice" | "pod" | "label";
  readonly value: string;
}

/** The environment variable by which StoneWork and ligato name a container's program. */
const MICROSERVICE = "MICROSERVICE_LABEL";
/** Labels that Kubernetes gives to the containers of a pod. */
const POD_NAME = "io.kubernetes.pod.name";
const POD_NAMESPACE = "io.kubernetes.pod.namespace";
/** The shortest part of an id that names a container, as Docker prints it. */
const SHORT_ID = 12;

/** Returns the selector that a text is, or undefined for a path. */
export function parseSelector(text: string): Selector | undefined {
  const [, kind, value] = /^(container|microservice|pod|label):(.+)$/s.exec(text) ?? [];
  return kind === undefined ? undefined : { kind: kind as Selector["kind"], value: value! };
}

/** Returns the selector as messages name it. */
export function containerText({ kind, value }: Selector): string {
  const words = {
    container: `container ${value}`,
    microservice: `a container with ${MICROSERVICE}=${value}`,
    pod: `a container of pod ${value}`,
    label: `a container with the labels ${value}`,
  };
  return words[kind];
}

/** Returns whether the selector names the container. */
export function selects({ kind, value }: Selector, container: RunningContainer): boolean {
  const { id, names, labels, env } = container;
  switch (kind) {
    case "container":
      return names.includes(value) || (value.length >= SHORT_ID && id.startsWith(value));
    case "microservice":
      return env.includes(`${MICROSERVICE}=${value}`);
    case "pod":
      return value === `${labels[POD_NAMESPACE]}/${labels[POD_NAME]}`;
    case "label":
      return value.split(",").every((pair) => {
        const at = pair.indexOf("=");
        return at > 0 && labels[pair.slice(0, at)] === pair.slice(at + 1);
      });
  }
}
