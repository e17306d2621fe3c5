// A store on the world's disk. Its writes take time, fail on demand, and are kept or lost when their process dies during one.
import { PuntError } from "../../lib/errors.js";
import type { Store, StoredState } from "../../lib/punt/index.js";
import type { World } from "./world/index.js";

/** The disk of one owner. It outlives the owner's processes. */
export class Disk {
  #content: string | undefined;
  /** Writes that fail from now on. */
  failing = 0;
  #underWay: string | undefined;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** The store of one process. */
  store(): Store {
    const { schedule } = this.#world;
    return {
      load: async () => {
        await schedule.answer("load");
        return this.#content === undefined ? undefined : (JSON.parse(this.#content) as StoredState);
      },
      save: async (state) => {
        const content = JSON.stringify(state);
        this.#underWay = content;
        await schedule.answer("save");
        this.#underWay = undefined;
        if (this.failing > 0) {
          this.failing--;
          throw new PuntError("simulation.store", "ENOSPC", "no space is left on the disk of the simulation");
        }
        schedule.note(content);
        this.#content = content;
      },
    };
  }

  /** The process has died. A write that was under way has happened or not. */
  ownerDied(): void {
    if (this.#underWay !== undefined && this.failing === 0 && this.#world.schedule.random.chance(0.5))
      this.#content = this.#underWay;
    this.#underWay = undefined;
  }
}
