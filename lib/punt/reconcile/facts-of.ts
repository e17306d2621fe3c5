// The facts of a running VPP, for a program that explains and changes nothing.
import type { Host } from "../../host/index.js";
import { DEFAULT_OWNER, defaultMemifDirectory, marksFor, SubnetPool } from "../interconnect/index.js";
import type { DeviceWays, Facts, VppApi } from "../items/index.js";
import { observe } from "./observe.js";

/** Linux's side is not asked. */
const nowhere: Host = {
  hasVhostNet: false,
  identify: async () => undefined,
  namedNamespaces: async () => [],
  links: async () => [],
  change: async () => {},
};

const untried: DeviceWays = {
  vppNamespace: undefined,
  makesTaps: undefined,
  refusal: undefined,
  opens: async () => false,
};

/** The marks of the default owner: an explanation does not ask whose the objects are. */
function anyMarks() {
  const pools = { 4: new SubnetPool("192.168.111.0/24", 4), 6: new SubnetPool("fd76:7070:6e74::/112", 6) };
  return marksFor(DEFAULT_OWNER, defaultMemifDirectory(DEFAULT_OWNER), pools);
}

const ALL_HANDLERS = new Set(["udpPorts", "ipProtocols"] as const);

/** Reads VPP's objects, its routes for groups and broadcast, and the addresses of the interfaces in `names`. Changes nothing. */
export function factsOf(vpp: VppApi, names: readonly string[]): Promise<Facts> {
  const nothing = new Map<never, never>();
  const surroundings = { vpp, host: nowhere, marks: anyMarks(), claims: nothing, notes: nothing, ways: untried };
  const scope = {
    ...{ namespaces: nothing, expectedIn: nothing, containers: new Set<string>() },
    ...{ interfaces: new Set(names), multicast: true, bridges: true, localHandlers: ALL_HANDLERS },
  };
  return observe(surroundings, scope);
}
