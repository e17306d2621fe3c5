// The project that `vpp-punt init` makes.
export { type ProjectOptions, projectFiles } from "./project.js";
