// C++ as clang-format leaves it, as tokens: a binary operator has a space on both sides, and a bracket of a template has none.

const TOKEN = new RegExp(
  [
    /(?<skip>\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=^|\n)[ \t]*#(?:[^\n]*\\\n)*[^\n]*|\s+)/,
    /(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')/,
    /(?<number>\d(?:[\w.]|'(?=\w))*)/,
    /(?<word>[A-Za-z_]\w*)/,
    /(?<mark><<=|>>=|<=>|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||::|[-+*/%&|^]=|\.\.\.|[\s\S])/,
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);

const CLOSING = { "(": ")", "[": "]", "{": "}" };

/** Sets the partner of each bracket. */
function pair(tokens) {
  const open = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "mark") continue;
    if (token.text in CLOSING) open.push(index);
    else if (CLOSING[tokens[open.at(-1)]?.text] === token.text) {
      const partner = open.pop();
      token.partner = partner;
      tokens[partner].partner = index;
    }
  }
}

/** The tokens of a source: kind, text, where each starts and ends, and whether space or a bracket's partner goes with it. */
export function tokenize(source) {
  const tokens = [];
  for (const { 0: text, index: start, groups } of source.matchAll(TOKEN)) {
    if (groups.skip !== undefined) continue;
    const kind = ["string", "number", "word"].find((name) => groups[name] !== undefined) ?? "mark";
    const end = start + text.length;
    const [before, after] = [/\s/.test(source[start - 1] ?? " "), /\s/.test(source[end] ?? " ")];
    tokens.push({ kind, text, start, end, before, after });
  }
  pair(tokens);
  return tokens;
}

/** How tightly a binary operator binds. */
const BINDING = new Map(
  [
    ["||"],
    ["&&"],
    ["|"],
    ["^"],
    ["&"],
    ["==", "!="],
    ["<", "<=", ">", ">="],
    ["<<", ">>"],
    ["+", "-"],
    ["*", "/", "%"],
  ].flatMap((row, index) => row.map((text) => [text, index + 1])),
);

/** The binding of a binary operator; undefined for anything else. */
export const binding = ({ kind, text, before, after }) =>
  kind === "mark" && before && after ? BINDING.get(text) : undefined;

const ENDS = new Set([",", ";", "?", ":", "=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>="]);
const WORDS = new Set(["return", "case", "else", "do"]);

/** Whether an expression whose operator binds like `than` cannot go on past the token. `least`: neither past its equals. */
function ends(token, than, least) {
  if (token === undefined || ENDS.has(token.text) || WORDS.has(token.text)) return true;
  const own = binding(token);
  return own !== undefined && (least ? own <= than : own < than);
}

/** The first token of the expression on the left of token `index`. */
export function leftOf(tokens, index, than) {
  let at = index;
  for (;;) {
    const next = tokens[at - 1];
    if (ends(next, than, false) || next.text in CLOSING) return at;
    at = next.partner ?? at - 1;
  }
}

/** The last token of the expression on the right of token `index`. */
export function rightOf(tokens, index, than) {
  let at = index;
  for (;;) {
    const next = tokens[at + 1];
    if (ends(next, than, true) || (next.partner !== undefined && !(next.text in CLOSING))) return at;
    at = next.partner ?? at + 1;
  }
}
