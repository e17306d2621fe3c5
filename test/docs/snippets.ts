// Reads the fenced code blocks of Markdown files, with the remarks that say how a block is tested.
import { readFileSync } from "node:fs";

/** A fenced block of a document. */
export interface Snippet {
  /** `README.md:42`: the line of the fence. */
  readonly where: string;
  /** The fence's language: `js`, `ts`, `sh`, `yaml`... */
  readonly language: string;
  readonly code: string;
  /** File name of a block whose first line is a comment with nothing but that name, such as `# punts.yaml`. */
  readonly file: string | undefined;
  /** From `<!-- needs: root, vpp -->` above the fence: what a machine must have to run the block. */
  readonly needs: readonly string[];
  /** From `<!-- not run: reason -->` above the fence. */
  readonly notRun: string | undefined;
}

const FENCE = /^```(\w*)\s*$/;
/** Everything that Markdown takes as a fence: indented, of tildes, with words behind the language. Such a block would not be tried. */
const ANY_FENCE = /^\s*(?:[-*>]\s+)*(?:`{3,}|~{3,})/;
const FILE_NAME = /^(?:#|\/\/) ([\w.-]+\.\w+)$/;

/** Returns the blocks of one Markdown file, in order. */
export function snippetsOf(document: string): Snippet[] {
  const lines = readFileSync(document, "utf8").split("\n");
  const snippets: Snippet[] = [];
  for (let start = 0; start < lines.length; start++) {
    const language = FENCE.exec(lines[start]!)?.[1];
    if (language === undefined) {
      if (ANY_FENCE.test(lines[start]!)) throw new Error(`${document}:${start + 1}: a fence is \`\`\` and a language`);
      continue;
    }
    const end = lines.indexOf("```", start + 1);
    if (end === -1) throw new Error(`${document}:${start + 1}: the block has no end`);
    snippets.push(snippet(document, lines, start, end, language));
    start = end;
  }
  return snippets;
}

function snippet(document: string, lines: readonly string[], start: number, end: number, language: string): Snippet {
  const body = lines.slice(start + 1, end);
  const above = remarksAbove(lines, start);
  return {
    where: `${document}:${start + 1}`,
    language,
    code: `${body.join("\n")}\n`,
    file: FILE_NAME.exec(body[0] ?? "")?.[1],
    needs: remark(above, "needs")?.split(/,\s*/) ?? [],
    notRun: remark(above, "not run"),
  };
}

/** Returns the nearest lines above a fence that are not empty, if they are HTML comments. */
function remarksAbove(lines: readonly string[], start: number): string[] {
  const remarks: string[] = [];
  for (let at = start - 1; at >= 0; at--) {
    const line = lines[at]!;
    if (line.startsWith("<!--")) remarks.push(line);
    else if (line !== "") break;
  }
  return remarks;
}

function remark(lines: readonly string[], name: string): string | undefined {
  const pattern = new RegExp(`^<!-- ${name}: (.*) -->$`);
  return lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
}
