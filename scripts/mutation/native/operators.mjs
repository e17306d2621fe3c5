// The mutants of a C++ source, and the source with all of them inside, each asleep until a variable names it.

import { markScopes } from "./scopes.mjs";
import { binding, leftOf, rightOf, tokenize } from "./tokens.mjs";

/** Each operator and what a mutant puts in its place; the function of mutant.h that holds both. */
const SWAPPED = {
  "<": ["<=", "Below"],
  "<=": ["<", "AtMost"],
  ">": [">=", "Above"],
  ">=": [">", "AtLeast"],
  "==": ["!=", "Same"],
  "!=": ["==", "Differ"],
  "+": ["-", "Plus"],
  "-": ["+", "Minus"],
  "*": ["+", "Times"],
  "/": ["*", "Over"],
  "%": ["/", "Rest"],
  "&": ["|", "And"],
  "|": ["&", "Or"],
  "<<": [">>", "Left"],
  ">>": ["<<", "Right"],
};

const ORDERS = /^(?:memory_order|_?_?ATOMIC)_(?:acquire|release|acq_rel|seq_cst|ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)$/;

const NEGATED = "condition negated";
const CLOSES = { "(": ")", "[": "]", "{": "}" };

/** Collects the mutants of one source: what to insert before and after which tokens. */
class Finder {
  mutants = [];

  constructor(source) {
    this.source = source;
    this.tokens = tokenize(source);
    markScopes(this.tokens);
    this.whole = new Set();
  }

  text(first, last) {
    return this.source.slice(this.tokens[first].start, this.tokens[last].end);
  }

  /** `replaced`: what the range reads with the mutant. `edits`: functions of the mutant's number. */
  add(kind, first, last, replaced, edits) {
    const { tokens } = this;
    const mutant = { kind, start: tokens[first].start, end: tokens[last].end, edits };
    this.mutants.push({ ...mutant, original: this.text(first, last), replacement: replaced });
  }

  /** A condition that a mutant turns round, in place: `bool(condition) != asleep`. */
  negate(first, last) {
    const original = this.text(first, last);
    this.add(NEGATED, first, last, `!(${original})`, {
      before: () => "(static_cast<bool>(",
      after: (id) => `) != mutant::Is(${id}))`,
    });
  }

  operator(index) {
    const { tokens } = this;
    const own = binding(tokens[index]);
    if (own === undefined) return;
    const [first, last] = [leftOf(tokens, index, own), rightOf(tokens, index, own)];
    if (first === index || last === index) return;
    const { text } = tokens[index];
    const [left, right] = [this.text(first, index - 1), this.text(index + 1, last)];
    if (text === "&&" || text === "||") return this.junction(first, index, last, text === "&&" ? "||" : "&&");
    // A text that is not made of two parts does not compile. A comparison whose opposite is that of the whole condition would count twice.
    if (text === "+" && /["']|\bto_string\b|\btext\b/.test(left + right)) return;
    if ((text === "==" || text === "!=") && this.whole.has(`${first}-${last}`)) return;
    const [other, name] = SWAPPED[text] ?? [];
    if (name === undefined) return;
    this.add(`${text} for ${other}`, first, last, `${left} ${other} ${right}`, {
      before: (id) => `mutant::${name}(${id}, `,
      after: () => ")",
      middle: () => ",",
      mark: tokens[index],
    });
  }

  /** `a && b` is `!(!a || !b)`: one flag turns each into the other, and `b` is looked at only when it was before. */
  junction(first, index, last, other) {
    const { tokens } = this;
    const [left, right] = [this.text(first, index - 1), this.text(index + 1, last)];
    this.add(`${tokens[index].text} for ${other}`, first, last, `${left} ${other} ${right}`, {
      before: () => "(((static_cast<bool>(",
      middle: (id) => `) != mutant::Is(${id})) ${tokens[index].text} (static_cast<bool>(`,
      after: (id) => `) != mutant::Is(${id}))) != mutant::Is(${id}))`,
      mark: tokens[index],
    });
  }

  /** The condition of an if or a while; a `for` has its operators. */
  condition(index) {
    const { tokens } = this;
    const open = index + 1;
    if (tokens[open]?.text !== "(") return;
    const { partner } = tokens[open];
    let first = open + 1;
    for (let at = first; at < partner; at = (tokens[at].text in CLOSES ? tokens[at].partner : at) + 1) {
      if (tokens[at].text === ";") first = at + 1;
      else if (tokens[at].text === "=" && !tokens.slice(at, partner).some(({ text }) => text === ";")) return;
    }
    if (first >= partner) return;
    this.whole.add(`${first}-${partner - 1}`);
    this.negate(first, partner - 1);
  }

  choice(index) {
    const first = leftOf(this.tokens, index, 0.5);
    if (first < index) this.negate(first, index - 1);
  }

  not(index) {
    const { tokens } = this;
    let last = index + 1;
    while (["*", "!"].includes(tokens[last].text)) last++;
    last = tokens[last].partner ?? last;
    while ([".", "->", "::", "(", "["].includes(tokens[last + 1]?.text)) {
      const next = last + 1;
      last = tokens[next].partner ?? next + 1;
    }
    if (this.whole.has(`${index}-${last}`)) return;
    this.add("! left out", index, last, this.text(index + 1, last), {
      before: (id) => `(mutant::Is(${id}) != `,
      after: () => ")",
    });
  }

  constant(index) {
    const { tokens } = this;
    const [{ text: before } = {}, { text, kind, before: spaced }, { text: after } = {}] = tokens.slice(
      index - 1,
      index + 2,
    );
    if (before === "[" || (before === "<" && !spaced) || before === "::" || before === "." || before === "->") return;
    if (text === "true" || text === "false") {
      const other = text === "true" ? "false" : "true";
      this.add(`${text} for ${other}`, index, index, other, {
        before: (id) => `(mutant::Is(${id}) != `,
        after: () => ")",
      });
    } else if (
      kind === "number" ? !text.includes(".") : /^k[A-Z]/.test(text) && !["(", "::", "<", "{", "["].includes(after)
    ) {
      if (tokens[index - 1].kind === "word" && spaced && kind === "word" && before !== "return") return;
      this.add("constant changed", index, index, `${text} + 1`, {
        before: (id) => `mutant::More(${id}, `,
        after: () => ")",
      });
    }
  }

  /** An order of memory: relaxed instead. */
  order(index) {
    const { tokens } = this;
    const first = tokens[index - 1].text === "::" ? index - 2 : index;
    const replaced = tokens[index].text.startsWith("memory") ? "std::memory_order_relaxed" : "__ATOMIC_RELAXED";
    this.add("order weakened", first, index, replaced, {
      before: (id) => `mutant::Order(${id}, `,
      after: () => ")",
    });
  }

  /** Leaves out a statement that declares nothing. */
  statement(index) {
    const { tokens } = this;
    let last = index;
    while (last < tokens.length && tokens[last].text !== ";") {
      const { text, partner } = tokens[last];
      if (text === "}" || text === ")") return;
      last = (text in CLOSES ? partner : last) + 1;
    }
    if (last === index || !this.isExpression(index, last)) return;
    this.add("statement deleted", index, last, "", {
      before: (id) => `{ if (!mutant::Is(${id})) `,
      after: () => " }",
    });
  }

  isExpression(first, end) {
    const { tokens } = this;
    const { text, kind } = tokens[first];
    if (["break", "continue", "*", "++", "--"].includes(text)) return true;
    if (kind !== "word" && text !== "(") return false;
    if (
      /^(?:return|if|for|while|do|switch|case|default|const|auto|static|using|else|goto|delete|public|private|protected)$/.test(
        text,
      )
    )
      return false;
    for (let at = text === "(" ? tokens[first].partner + 1 : first + 1; at <= end; at++) {
      const token = tokens[at];
      if (token.kind === "word") {
        if (!["::", ".", "->", ")"].includes(tokens[at - 1].text)) return false;
      } else if ((token.text === "&" || token.text === "*" || token.text === "{") && !token.before) return false;
      else if (token.text === "<") at = this.closingAngle(at);
      else if (token.text === "(" || token.text === "[") at = token.partner;
      else if (![".", "->", "::"].includes(token.text)) return true;
    }
    return true;
  }

  closingAngle(index) {
    let depth = 0;
    for (let at = index; at < this.tokens.length; at++) {
      const { text } = this.tokens[at];
      depth += text === "<" ? 1 : text === ">" ? -1 : text === ">>" ? -2 : 0;
      if (depth <= 0) return at;
    }
    return index;
  }

  find() {
    const { tokens } = this;
    const each = (visit) => {
      for (const [index, token] of tokens.entries()) if (token.runs) visit(token, index);
    };
    each(({ text }, index) => {
      if (text === "if" || text === "while") this.condition(index);
    });
    each(({ text, kind, begins, after }, index) => {
      if (begins) this.statement(index);
      if (ORDERS.test(text)) this.order(index);
      else if (kind === "number" || kind === "word") this.constant(index);
      else if (text === "?") this.choice(index);
      else if (text === "!" && !after) this.not(index);
      else this.operator(index);
    });
    return this.mutants;
  }
}

/**
 * Returns the source with the mutants inside; its lines keep their numbers. Where several begin at one place the longest is the
 * outermost, and ends last.
 */
export function instrumented(source, mutants) {
  const edits = mutants.flatMap(({ id, start, end, kind, edits: { before, after, middle, mark } }, index) => {
    const inner = Number(kind !== NEGATED);
    return [
      { at: start, upTo: start, rank: [1, start - end, inner, index], text: before(id) },
      { at: end, upTo: end, rank: [0, end - start, -inner, -index], text: after(id) },
      ...(mark === undefined ? [] : [{ at: mark.start, upTo: mark.end, rank: [2, 0, 0, index], text: middle(id) }]),
    ];
  });
  const order = (a, b) => a.rank.map((rank, index) => rank - b.rank[index]).find((difference) => difference !== 0) ?? 0;
  edits.sort((a, b) => a.at - b.at || order(a, b));
  let [text, at] = ["", 0];
  for (const edit of edits) {
    text += source.slice(at, edit.at) + edit.text;
    at = edit.upTo;
  }
  return text + source.slice(at);
}

/** Returns the mutant with its place: its file, row and column, the text of the line, and the rows in which a compiler may see its parts. */
function placed(source, file, mutant) {
  const rowOf = (at) => source.slice(0, at).split("\n").length;
  const row = rowOf(mutant.start);
  const column = mutant.start - source.lastIndexOf("\n", mutant.start - 1);
  const rows = [row, rowOf(mutant.edits.mark?.start ?? mutant.end)];
  return { ...mutant, file, row, column, rows, line: source.split("\n")[row - 1].trim() };
}

/** Returns the mutants of a source; the first gets the number `from`. */
export function mutantsOf(source, file, from) {
  const found = new Finder(source).find().map((mutant) => placed(source, file, mutant));
  return found.map((mutant, index) => ({ ...mutant, id: from + index }));
}
