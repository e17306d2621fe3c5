// The reference of requests as Markdown, made from their JSON schema.

/** The parts of a JSON schema that the reference shows. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

const HEAD = `# Fields of a request

\`vpp-punt schema --markdown\` makes this page from the schema of a request; [Punt types](punt-types.md) says what the types are for. A dot separates a field from the fields inside it, and \`[]\` stands for each element of a list.
A field may be left out unless it is required.
`;

function wordsOf(schema: Schema): string {
  const { type, items, anyOf, oneOf, minimum, maximum } = schema;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value === "" ? '""' : value}\``).join(", ");
  const choices = anyOf ?? oneOf;
  if (choices) return [...new Set(choices.map(wordsOf))].join(" or ");
  if (type === "array") return `list of ${items ? wordsOf(items) : "anything"}`;
  if (type === "object") return `{ ${Object.keys(schema.properties ?? {}).join(", ")} }`;
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  return isBounded ? `${type} from ${minimum ?? 0} to ${maximum}` : (type ?? "any value");
}

interface Row {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** The fields of an object, each followed by its own fields. */
function* rowsOf({ properties = {}, required = [] }: Schema, prefix = ""): Generator<Row> {
  for (const [field, schema] of Object.entries(properties)) {
    const name = `${prefix}${field}`;
    yield { name, schema, isRequired: required.includes(field) && schema.default === undefined };
    if (schema.type === "object") yield* rowsOf(schema, `${name}.`);
    if (schema.items?.type === "object") yield* rowsOf(schema.items, `${name}[].`);
  }
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function section(schema: Schema): string {
  const rows = [...rowsOf(schema)].map(({ name, schema: field, isRequired }) => {
    const otherwise = isRequired
      ? "required"
      : field.default === undefined
        ? ""
        : `\`${JSON.stringify(field.default)}\``;
    return `| \`${name}\` | ${cell(wordsOf(field))} | ${cell(otherwise)} | ${cell(field.description ?? "")} |`;
  });
  return [
    `## ${schema.properties?.type?.const}`,
    "",
    "| field | value | default | meaning |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** Returns docs/requests.md. */
export function requestReference(schema: object): string {
  return `${[HEAD, ...((schema as Schema).oneOf ?? []).map(section)]
    .join("\n")
    .replace(/\n\n\n/g, "\n\n")
    .replaceAll("|\n## ", "|\n\n## ")}\n`;
}
