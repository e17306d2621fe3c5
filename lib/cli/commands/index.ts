// The commands' modules, each loaded when its command runs.

export const commands = {
  add: () => import("./add.js"),
  api: () => import("./api.js"),
  apply: () => import("./apply.js"),
  completion: () => import("./completion.js"),
  daemon: () => import("./daemon.js"),
  delete: () => import("./delete.js"),
  doctor: () => import("./doctor.js"),
  generate: () => import("./generate.js"),
  info: () => import("./info.js"),
  list: () => import("./list.js"),
  man: () => import("./man.js"),
  module: () => import("./module.js"),
  plan: () => import("./plan.js"),
  run: () => import("./run.js"),
  schema: () => import("./schema.js"),
  show: () => import("./show.js"),
  sim: () => import("./sim.js"),
  validate: () => import("./validate.js"),
  wait: () => import("./wait.js"),
  watch: () => import("./watch.js"),
};
