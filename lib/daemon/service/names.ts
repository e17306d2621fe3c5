// The names of all punts, which hide the names of other CNFs' punts in a text: the cost depends on the text, not on how many punts there are.
import { idKey, idText, type PuntEvent, type PuntId } from "../../punt/index.js";

/** The characters of a CNF's label. */
const LABEL = /[\w.-]+/g;

export class PuntNames {
  /** The keys of the punts of each name, by CNF. Two punts may have one name, such as `a/b` with the key `b` or the label `b`. */
  readonly #byCnf = new Map<string, Map<string, Set<string>>>();
  /** Length of the longest name so far. */
  #longest = 0;

  /** Takes a change of a punt. */
  take({ id, from, to }: Pick<PuntEvent, "id" | "from" | "to">): void {
    if (to === "DELETED") this.remove(id);
    else if (from === undefined) this.add(id);
  }

  add(id: PuntId): void {
    const name = idText(id);
    const names = this.#byCnf.get(id.cnf) ?? new Map<string, Set<string>>();
    this.#byCnf.set(id.cnf, names);
    names.set(name, (names.get(name) ?? new Set()).add(idKey(id)));
    this.#longest = Math.max(this.#longest, name.length);
  }

  remove(id: PuntId): void {
    const name = idText(id);
    const names = this.#byCnf.get(id.cnf);
    const keys = names?.get(name);
    keys?.delete(idKey(id));
    if (keys?.size === 0) names!.delete(name);
    if (names?.size === 0) this.#byCnf.delete(id.cnf);
  }

  /** Returns the text with `other` in the place of each name of a punt whose CNF `isHidden`, and of the word "punt" before it. */
  hide(text: string, isHidden: (cnf: string) => boolean, other: string): string {
    let shown = "";
    let done = 0;
    for (const { 0: word, index } of text.matchAll(LABEL)) {
      if (index < done) continue;
      const name = this.#nameAt(text, index, word, isHidden);
      if (name === undefined) continue;
      shown += text.slice(done, index).replace(/\bpunt $/, "") + other;
      done = index + name.length;
    }
    return shown + text.slice(done);
  }

  /** Returns the longest name of a hidden punt that begins at `at`, where `word` is the label of a CNF, or one and the end of a sentence. */
  #nameAt(text: string, at: number, word: string, isHidden: (cnf: string) => boolean): string | undefined {
    for (const cnf of new Set([word, word.replace(/[.-]+$/, "")])) {
      const names = this.#byCnf.get(cnf);
      if (!names || !isHidden(cnf)) continue;
      for (let end = Math.min(text.length, at + this.#longest); end > at; end--) {
        const name = text.slice(at, end);
        if (names.has(name) && !/^\w/.test(text.slice(end, end + 1))) return name;
      }
    }
    return undefined;
  }
}
