// The results of the trials of devices, for people and programs.

/** How TAPs of this VPP come into the namespaces of CNFs. */
export interface DeviceReport {
  /** Whether VPP makes TAPs; if not, veth pairs stand in for them. Absent until a TAP was needed. */
  readonly makesTaps?: boolean;
  /** VPP's words where it refuses TAPs. */
  readonly refusal?: string;
  /** VPP's network namespace. `own`: it is the manager's. `other`: the path in `namespace` opens it. `unknown`: there is no way into it. */
  readonly vpp: "own" | "other" | "unknown";
  /** Path that opens VPP's network namespace, where that is another one. */
  readonly namespace?: string;
  /**
   * For each folder of namespaces that was needed: `open`, VPP opens the namespaces there; `move`, it cannot, and the manager moves each
   * device from VPP's namespace.
   */
  readonly folders: Readonly<Record<string, "open" | "move">>;
}
