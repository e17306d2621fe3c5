// The punts that VPP must keep: the interconnects stay the same ones until someone asks for a change, or VPP is disturbed.
import { idKey, isMade, type PuntId, type PuntStatus } from "../../../lib/punt/index.js";
import { hasTrace } from "../evidence.js";
import { isModules } from "../module/request.js";
import type { VppLife, VppProcess } from "../vpp.js";

interface Made {
  readonly status: PuntStatus;
  readonly disturbedAt: number;
  /** The objects of VPP's interfaces that the punt's traffic goes to. */
  readonly interfaces: readonly unknown[];
}

export class Kept {
  readonly #vpp: VppProcess;
  /** Whether a change of a punt is under way, or may still happen. */
  readonly #mayChange: (id: PuntId) => boolean;
  readonly #made = new Map<string, Made>();
  #areNamespacesRenewed = false;
  /** The number of messages that VPP had at the last look. */
  #looked = -1;

  constructor(vpp: VppProcess, mayChange: (id: PuntId) => boolean) {
    this.#vpp = vpp;
    this.#mayChange = mayChange;
  }

  /** A new namespace takes the place of another, and punts in namespaces are made again. */
  renewNamespaces(): void {
    this.#areNamespacesRenewed = true;
    this.forget();
  }

  /** Someone asks for a change of a punt. */
  asked(id: PuntId): void {
    this.#made.delete(idKey(id));
  }

  /** Someone has decided otherwise about all punts. */
  forget(): void {
    this.#made.clear();
  }

  /** @param punts those of the daemon that acts. @throws an Error with the punt that VPP has not kept */
  async look(all: readonly PuntStatus[]): Promise<void> {
    const punts = all.filter((status) => this.#isToStay(status));
    const { life, disturbedAt, faults } = this.#vpp;
    for (const [key, made] of this.#made) if (made.disturbedAt !== disturbedAt) this.#made.delete(key);
    if (life === undefined || faults.seen === this.#looked) return;
    this.#looked = faults.seen;
    for (const { id, state } of punts) if (!isMade(state)) this.#made.delete(idKey(id));
    const found = await life.snapshot();
    for (const { status, interfaces } of this.#made.values()) {
      const now = interfacesOf(status, found, life);
      if (now === undefined) throw new Error(`VPP has lost ${JSON.stringify(status.request)} without a request`);
      if (now.some((each, index) => each !== interfaces[index]))
        throw new Error(`the interconnect of ${JSON.stringify(status.request)} was made again without a request`);
    }
    for (const status of punts) {
      const { id, state } = status;
      if (!isMade(state) || this.#made.has(idKey(id)) || this.#mayChange(id)) continue;
      const interfaces = interfacesOf(status, found, life);
      if (interfaces && !interfaces.includes(undefined)) this.#made.set(idKey(id), { status, disturbedAt, interfaces });
    }
  }

  /** A module asks when it likes. */
  #isToStay({ id, request: { netns } }: PuntStatus): boolean {
    return !isModules(id) && !(this.#areNamespacesRenewed && netns !== undefined);
  }
}

/** Returns VPP's ends of a punt's interconnects, by their tags; undefined if VPP does not have the punt. */
function interfacesOf(
  { request, metadata }: PuntStatus,
  found: readonly string[],
  life: VppLife,
): unknown[] | undefined {
  if (!hasTrace(request, found)) return undefined;
  const all = [...life.dp.interfaces.values()];
  return metadata.interconnects.map(({ vppInterface }) => all.find(({ tag }) => tag === vppInterface?.name));
}
