// Knows how devices of this VPP come into network namespaces. Nothing is taken from paths: each fact is the kernel's word, or was tried.
import { dirname } from "node:path";
import type { Descriptor } from "../../descriptor/index.js";
import type { DeviceWays } from "../items/index.js";
import type { DeviceReport } from "./device-report.js";
import { removeTrials, type TrialContext, tryTap, tryVeth } from "./device-trial.js";
import { openListenersNamespace } from "./listener.js";

export interface VppDevicesOptions extends TrialContext {
  /** A path that opens VPP's network namespace. Left out: the kernel says which one it is, or it is tried. */
  readonly vppNamespace: string | undefined;
}

const OWN = "";

export class VppDevices implements DeviceWays {
  readonly #options: VppDevicesOptions;
  #vppNamespace: string | undefined = OWN;
  #makesTaps: boolean | undefined;
  #refusal: string | undefined;
  /** Keeps VPP's namespace in existence, and its path good. */
  #held: Descriptor | undefined;
  #located: Promise<void> | undefined;
  #tried: Promise<void> | undefined;
  #cleaned: Promise<void> | undefined;
  readonly #folders = new Map<string, Promise<boolean>>();
  readonly #known = new Map<string, boolean>();

  constructor(options: VppDevicesOptions) {
    this.#options = options;
  }

  get vppNamespace(): string | undefined {
    return this.#vppNamespace;
  }

  get makesTaps(): boolean | undefined {
    return this.#makesTaps;
  }

  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** VPP has a TAP: it makes TAPs, whether or not a trial has been made. */
  sawTap(): void {
    this.#makesTaps ??= true;
  }

  /** Forgets everything: the next VPP may be another one, in another place. */
  reset(): void {
    this.#held?.close();
    this.#held = undefined;
    this.#vppNamespace = OWN;
    this.#makesTaps = undefined;
    this.#refusal = undefined;
    this.#located = undefined;
    this.#tried = undefined;
    this.#cleaned = undefined;
    this.#folders.clear();
    this.#known.clear();
  }

  /**
   * Finds VPP's namespace; with `taps`, also asks VPP for a TAP. Each of the two happens once.
   *
   * @throws PuntError `ERR_DISCONNECTED`, or another error that says nothing of devices: the next call asks again
   */
  async prepare(taps: boolean): Promise<void> {
    this.#located ??= this.#locate();
    await kept(this.#located, () => (this.#located = undefined));
    if (!taps) return;
    this.#tried ??= this.#try();
    await kept(this.#tried, () => (this.#tried = undefined));
  }

  /**
   * Removes what the trials of an earlier process have left, in this life of VPP once. `namespaces` are the paths that punts name.
   *
   * @throws PuntError as `prepare`
   */
  async clean(namespaces: readonly string[]): Promise<void> {
    if (this.#hostKnows) return;
    const places = [...new Set([this.#vppNamespace ?? OWN, OWN])];
    this.#cleaned ??= removeTrials(this.#options, namespaces, places);
    await kept(this.#cleaned, () => (this.#cleaned = undefined));
  }

  async opens(namespace: string): Promise<boolean> {
    // A container that is named by its engine has no path.
    if (!namespace.startsWith("/") && !this.#hostKnows) return false;
    const folder = folderOf(namespace);
    const answer = this.#folders.get(folder) ?? this.#tryFolder(folder, namespace);
    this.#folders.set(folder, answer);
    await kept(answer, () => this.#folders.delete(folder));
    return answer;
  }

  get report(): DeviceReport {
    const namespace = this.#vppNamespace;
    const folders = [...this.#known].map(([folder, opens]) => [folder, opens ? "open" : "move"] as const);
    return {
      ...(this.#makesTaps !== undefined && { makesTaps: this.#makesTaps }),
      ...(this.#refusal !== undefined && { refusal: this.#refusal }),
      vpp: namespace === undefined ? "unknown" : namespace === OWN ? "own" : "other",
      ...(namespace ? { namespace } : {}),
      folders: Object.fromEntries(folders),
    };
  }

  /** The answer of a host that is not this machine counts as it is. */
  get #hostKnows(): boolean {
    return this.#options.host.hasVhostNet !== undefined;
  }

  async #locate(): Promise<void> {
    const { host, vpp, vppNamespace } = this.#options;
    const own = await host.identify(OWN);
    if (this.#hostKnows) return;
    if (vppNamespace !== undefined) {
      const identity = await host.identify(vppNamespace);
      // The file may come later: the next look asks again.
      if (identity === undefined) this.#located = undefined;
      this.#vppNamespace = identity === undefined ? undefined : identity === own ? OWN : vppNamespace;
      return;
    }
    const found = vpp.endpoint?.startsWith("/") ? await openListenersNamespace(vpp.endpoint) : undefined;
    if (!found) return;
    const path = `/proc/${process.pid}/fd/${found.fd}`;
    if ((await host.identify(path)) === own) return found.close();
    this.#held = found;
    this.#vppNamespace = path;
  }

  async #try(): Promise<void> {
    const { host, vpp } = this.#options;
    if (this.#hostKnows) {
      this.#makesTaps = host.hasVhostNet;
      return;
    }
    const places = [...new Set([this.#vppNamespace ?? OWN, OWN])];
    const canAsk = vpp.has("tap_create_v3") && vpp.has("sw_interface_tap_v2_dump");
    const tap = canAsk ? await tryTap(this.#options, "", places) : { refusal: "VPP has no TAPs" };
    // A VPP without TAPs in a namespace that the kernel has named, or the user, leaves nothing to find out.
    const isNamed = this.#held !== undefined || this.#options.vppNamespace !== undefined;
    const { foundIn } =
      tap.refusal === undefined
        ? tap
        : isNamed
          ? { foundIn: this.#vppNamespace }
          : await tryVeth(this.#options, places);
    this.#makesTaps = tap.refusal === undefined;
    this.#refusal = tap.refusal;
    this.#vppNamespace = foundIn;
  }

  async #tryFolder(folder: string, namespace: string): Promise<boolean> {
    if (this.#hostKnows) return true;
    const { foundIn, unread } = await tryTap(this.#options, namespace, [namespace]);
    // Programs in this one namespace can keep it from being read: that tells nothing of the others in the folder.
    if (unread) throw unread;
    this.#known.set(folder, foundIn === namespace);
    return foundIn === namespace;
  }
}

/** Waits for an answer. The next call asks again after a failure. */
async function kept<T>(answer: Promise<T>, forget: () => unknown): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    forget();
    throw error;
  }
}

/** Namespaces that VPP opens or does not open alike: those in one folder, and those of all processes. */
function folderOf(namespace: string): string {
  return namespace.startsWith("/proc/") ? "/proc" : dirname(namespace);
}
