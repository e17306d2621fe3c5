// A world of its own in this process: its clock, its chance, its files, its sockets and its processes follow from a seed.
export { Files, ROOT } from "./files.js";
export { inWorld, type World } from "./globals.js";
export { Network, Way } from "./network.js";
export { Random } from "./random.js";
export { Party, Schedule } from "./schedule.js";
