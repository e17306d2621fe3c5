// Puts one release into the table of definitions.
import { essence, kindOfType, messageBody, ownReply, typeBody, typesOf } from "./definitions.mjs";

const MESSAGE_KINDS = new Set([">", "<", "!"]);

/**
 * Changes `entries` (of `readNotation`) so that they say what `schema` has for `release`: of every message that they name,
 * and of every type that these messages need. `releases`: all of them, in order, `release` among them.
 */
export function addRelease(entries, schema, release, releases) {
  const table = new Table(entries, schema, release, releases);
  for (const entry of entries.filter(({ kind }) => MESSAGE_KINDS.has(kind))) table.addMessage(entry);
  table.addTypes();
}

class Table {
  #entries;
  #schema;
  #release;
  #releases;
  #foreign;
  #types = new Map();

  constructor(entries, schema, release, releases) {
    this.#entries = entries;
    this.#schema = schema;
    this.#release = release;
    this.#releases = releases;
    this.#foreign = new Set(entries.filter(({ foreign }) => foreign).map(({ module }) => module));
  }

  addMessage(entry) {
    const { kind, name, module } = entry;
    if (this.#isForeign(module) && !this.#schema.has(name)) return this.#carryOver(entry);
    this.#set(entry, messageBody(this.#schema, kind, name));
    if (!this.#schema.has(name)) return;
    for (const [type, definition] of typesOf(this.#schema, name)) this.#types.set(type, { definition, module });
    const reply = kind === ">" ? ownReply(this.#schema, name) : undefined;
    if (reply === undefined || this.#find("<", reply) !== undefined) return;
    const added = { module, kind: "<", name: reply, bodies: new Map() };
    this.#entries.splice(this.#entries.indexOf(entry) + 1, 0, added);
    this.addMessage(added);
  }

  /** Types that are known or needed. A type that is known under several kinds has a line for each. */
  addTypes() {
    for (const entry of this.#entries.filter(({ kind }) => kind !== undefined && !MESSAGE_KINDS.has(kind))) {
      const { definition } = this.#types.get(entry.name) ?? {};
      if (definition === undefined && this.#isForeign(entry.module)) this.#carryOver(entry);
      else {
        const isSame = definition !== undefined && kindOfType(definition) === entry.kind;
        this.#set(entry, isSame ? typeBody(definition) : undefined);
      }
    }
    for (const [name, { definition, module }] of this.#types) {
      const kind = kindOfType(definition);
      if (this.#find(kind, name) !== undefined) continue;
      const entry = { module, kind, name, bodies: new Map([[this.#release, typeBody(definition)]]) };
      const place = this.#entries.findIndex((other) => other.module === module && other.keep !== undefined);
      this.#entries.splice(place + 1, 0, entry);
    }
  }

  #find(kind, name) {
    return this.#entries.find((entry) => entry.kind === kind && entry.name === name);
  }

  #isForeign(module) {
    return this.#foreign.has(module);
  }

  /** A definition that another release has too is taken in that release's words. */
  #set({ kind, bodies }, body) {
    bodies.delete(this.#release);
    if (body === undefined) return;
    const known = [...bodies.values()].find((other) => essence(kind, other) === essence(kind, body));
    bodies.set(this.#release, known ?? body);
  }

  /** Messages of other projects are assumed to be as in the release before, or else after. */
  #carryOver({ bodies }) {
    const index = this.#releases.indexOf(this.#release);
    const before = this.#releases.slice(0, index).reverse();
    const neighbor = [...before, ...this.#releases.slice(index + 1)].find((release) => bodies.has(release));
    if (neighbor !== undefined) bodies.set(this.#release, bodies.get(neighbor));
  }
}
