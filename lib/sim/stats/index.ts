// The statistics segment: VPP's counters in shared memory, for clients of the stats socket.
export { StatsServer, type StatsSource } from "./server.js";
