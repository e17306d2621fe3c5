// Containers of this machine, by the API of Docker, which Podman speaks too.

export type { RunningContainer } from "./container.js";
export { containerText, parseSelector, type Selector } from "./selector.js";
export { ContainerWatch } from "./watch.js";
