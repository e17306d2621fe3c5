// Rates of this machine, as `vpp-punt bench` measures them.
export { type BenchOptions, type Measured, measureAll, SUBJECTS } from "./measure.js";
