// The punts that are wanted, and what became of them.

export { Entry, type Situation } from "./entry.js";
export { judge, judgeLeaving, type Verdicts } from "./judge.js";
