// The names of all punts, which hide the names of other CNFs' punts in a text: the cost depends on the text, not on how many punts there are.
import { idKey, idText, type PuntEvent, type PuntId } from "../../punt/index.js";

/** The characters of a CNF's label. */
const LABEL = /[\w.-]+/g;

/** The names of a CNF's punts. */
interface Named {
  /** The keys of the punts of each name. Two punts may have one name, such as `a/b` with the key `b` or the label `b`. */
  readonly keys: Map<string, Set<string>>;
  /** The lengths of the names so far, the longest first. A text has other callers' words: only these lengths are tried at each of them. */
  lengths: readonly number[];
}

export class PuntNames {
  readonly #byCnf = new Map<string, Named>();

  /** Takes a change of a punt. */
  take({ id, from, to }: Pick<PuntEvent, "id" | "from" | "to">): void {
    if (to === "DELETED") this.remove(id);
    else if (from === undefined) this.add(id);
  }

  add(id: PuntId): void {
    const name = idText(id);
    const named = this.#byCnf.get(id.cnf) ?? { keys: new Map<string, Set<string>>(), lengths: [] };
    this.#byCnf.set(id.cnf, named);
    named.keys.set(name, (named.keys.get(name) ?? new Set()).add(idKey(id)));
    if (named.lengths.includes(name.length)) return;
    named.lengths = [...named.lengths, name.length].sort((one, other) => other - one);
  }

  remove(id: PuntId): void {
    const name = idText(id);
    const names = this.#byCnf.get(id.cnf)?.keys;
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
      const named = this.#byCnf.get(cnf);
      if (!named || !isHidden(cnf)) continue;
      for (const length of named.lengths) {
        const name = text.slice(at, at + length);
        if (named.keys.has(name) && !/^\w/.test(text.slice(at + length, at + length + 1))) return name;
      }
    }
    return undefined;
  }
}
