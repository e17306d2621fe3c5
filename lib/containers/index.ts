// Containers of this machine, by the API of Docker, which Podman speaks too, or by Kubernetes' Container Runtime Interface.

export type { RunningContainer } from "./container.js";
export { containerText, parseSelector, type Selector } from "./selector.js";
export { ContainerWatch, type EnginePlace } from "./watch.js";
