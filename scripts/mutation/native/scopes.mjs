// Which tokens of a C++ source run, and where its statements begin.

/** Statements that the compiler evaluates, or that declare only. */
const NOT_RUN = new Set(
  "constexpr static_assert enum using typedef alignas virtual extern friend operator template".split(" "),
);
const HEADERS = new Set(["if", "for", "while", "switch"]);

/** The kind of a brace, from the tokens between the statement's start and it. */
function kindOf(tokens, start, index, outer) {
  const header = tokens.slice(start, index);
  const last = tokens[index - 1];
  const words = new Set(header.map(({ text }) => text));
  if (words.has("namespace")) return "namespace";
  if (words.has("enum")) return "enum";
  if (!words.has("(") && (words.has("class") || words.has("struct") || words.has("union"))) return "class";
  if (header.length === 0 || [")", "const", "override", "noexcept", "else", "do", "mutable"].includes(last.text))
    return words.has("constexpr") && outer !== "body" ? "constant" : "body";
  // The body after a list of initial values, of which the last has braces; or of a lambda without parameters.
  if (last.text === "}" || last.text === "]") return "body";
  return "value";
}

/** Whether the token ends the header of an if or a loop. */
function endsHeader(tokens, index) {
  const { text, partner } = tokens[index];
  if (text === "else" || text === "do") return true;
  return text === ")" && HEADERS.has(tokens[partner - 1]?.text);
}

/** Sets `runs` on each token that is evaluated at run time, and `begins` on each that begins a statement of a body. */
export function markScopes(tokens) {
  const scopes = [{ kind: "namespace" }];
  let [start, skipped] = [0, false];
  const restart = (index) => ([start, skipped] = [index + 1, false]);
  for (const [index, token] of tokens.entries()) {
    const { kind } = scopes.at(-1);
    const inside = !["enum", "constant"].includes(kind);
    if (inside && NOT_RUN.has(token.text)) skipped = true;
    token.runs = inside && !skipped && !(kind === "namespace" && !tokens.slice(start, index).some(isParenthesis));
    token.begins = kind === "body" && (index === start || endsHeader(tokens, index - 1));
    if (token.text === "case" || token.text === "default") skipped = true;
    if (token.text === "{") {
      scopes.push({ kind: kind === "constant" ? "constant" : kindOf(tokens, start, index, kind), start, skipped });
      if (scopes.at(-1).kind !== "value") restart(index);
    } else if (token.text === "(" || token.text === "[") {
      scopes.push({ kind: inside ? "brackets" : kind, start, skipped });
    } else if (token.partner < index) {
      const left = scopes.pop();
      if (token.text === "}" && left.kind !== "value") restart(index);
      // A lambda's body has begun statements of its own inside this one.
      if (token.text === "}" && scopes.at(-1).kind === "brackets") [start, skipped] = [left.start, left.skipped];
    } else if (token.text === ";" || (token.text === ":" && ["case", "default"].includes(tokens[start]?.text))) {
      if (kind !== "brackets") restart(index);
    }
  }
}

const isParenthesis = ({ text }) => text === "(";
