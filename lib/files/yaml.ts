// Documents in YAML that people write.
import { PuntError, yamlErrorText } from "../errors.js";
import { yaml } from "../lazily.js";

/**
 * Returns the content of a document; `path` is its name in errors. Aliases are found bad only when they are resolved: one without its
 * anchor, or a "billion laughs".
 *
 * @throws PuntError of `op`: ERR_INVALID_FILE
 */
export function yamlContent(text: string, path: string, op: string): unknown {
  try {
    const document = yaml().parseDocument(text, { logLevel: "error" });
    for (const error of document.errors) throw error;
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new PuntError(op, "ERR_INVALID_FILE", `${path}: ${yamlErrorText(cause as Error)}`, { path }, cause);
  }
}
