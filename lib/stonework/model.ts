// Configuration models as StoneWork knows them: names, keys and descriptions of messages.
import {
  create,
  type DescField,
  type DescFile,
  type DescMessage,
  getOption,
  type Message,
  type MessageShape,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { type Any, anyPack, anyUnpack, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { PuntError } from "../errors.js";
import { type Item, ItemSchema } from "./gen/ligato/generic/manager_pb.js";
import { type ProtoFileDescriptorResponse, ProtoFileDescriptorResponseSchema } from "./gen/ligato/generic/meta_pb.js";
import { type ModelDetail, ModelDetailSchema, type ModelSpec } from "./gen/ligato/generic/model_pb.js";
import { model, model_name_template } from "./gen/ligato/generic/options_pb.js";

/** StoneWork's items have type URLs of this host. */
const TYPE_URL = "models.ligato.io/";

/** A model: a message whose options say how its items are named. */
export interface Model<Desc extends DescMessage = DescMessage> {
  readonly message: Desc;
  readonly spec: ModelSpec;
  /** A Go template over the message's fields, such as `{{.Name}}`. */
  readonly nameTemplate: string;
}

/**
 * Returns the model that a message's options describe.
 *
 * @throws PuntError ERR_OPTION: the message has no options 50222 and 50223, or the template names an unknown field
 */
export function modelOf<Desc extends DescMessage>(message: Desc): Model<Desc> {
  const spec = getOption(message, model);
  const nameTemplate = getOption(message, model_name_template);
  if (spec.module === "" || spec.type === "" || nameTemplate === "") {
    const text = `${message.typeName} isn't a model: it needs the options model (50222) and model_name_template (50223)`;
    throw new PuntError("stonework.model", "ERR_OPTION", text, { option: message.typeName });
  }
  for (const name of fieldsIn(nameTemplate)) fieldOf(message, name);
  return { message, spec, nameTemplate };
}

/** Returns `<module>.<type>`, by which items name their model. */
export function modelName({ module, type }: Pick<ModelSpec, "module" | "type">): string {
  return `${module}.${type}`;
}

/** Whether a model, by its name, configures VPP or Linux: only a vpp-agent takes its items. */
export function isOfAgent(name: string): boolean {
  return /^(vpp|linux|netalloc)\b/.test(name);
}

/** A field in a template of names. Go's templates can say more. */
const FIELD = /\{\{\s*\.(\w+)\s*\}\}/g;

/** Whether the template of a model's names has nothing but fields. */
export function hasPlainNames({ nameTemplate }: Model): boolean {
  return !nameTemplate.replace(FIELD, "").includes("{{");
}

/**
 * Returns the name of an item: the model's template, applied.
 *
 * @throws PuntError ERR_OPTION: the template has more than fields, or names an unknown field
 */
export function itemName<Desc extends DescMessage>(model: Model<Desc>, value: MessageShape<Desc>): string {
  if (!hasPlainNames(model)) {
    const text = `the name template of ${model.message.typeName} has more than fields, and cannot be applied here: ${model.nameTemplate}`;
    throw new PuntError("stonework.model", "ERR_OPTION", text, { option: model.message.typeName });
  }
  const message = reflect(model.message as DescMessage, value as Message);
  return model.nameTemplate.replace(FIELD, (_, name: string) => {
    const field = fieldOf(model.message, name);
    const held = message.get(field);
    // Go prints the name of an enum's value.
    return String(field.enum?.value[held as number]?.name ?? held);
  });
}

/** Returns the key of an item, such as `config/mock1/v1/mock-type/89`. The only item of a model without a template has no name. */
export function itemKey({ spec, nameTemplate }: Model, name: string): string {
  const { module, version, type } = spec;
  const parts = [spec.class || "config", module, version || "v0", type].map((part) => part.replaceAll(".", "/"));
  return [...parts, ...(nameTemplate === "" ? [] : [name])].join("/");
}

/** Whether a key is that of an item of the model. */
export function isKeyOf(model: Model, key: string): boolean {
  const beginning = itemKey(model, "");
  return model.nameTemplate === "" ? key === beginning : key.startsWith(beginning);
}

/** Packs a value as an item of its model. */
export function packItem<Desc extends DescMessage>(model: Model<Desc>, value: MessageShape<Desc>): Item {
  return create(ItemSchema, {
    id: { model: modelName(model.spec), name: itemName(model, value) },
    data: { union: { case: "any", value: packed(model.message, value) } },
  });
}

function packed<Desc extends DescMessage>(message: Desc, value: MessageShape<Desc>): Any {
  const any = anyPack(message, value);
  any.typeUrl = TYPE_URL + message.typeName;
  return any;
}

/** Returns the value of an item; undefined if its data is not a message of the model. */
export function unpackItem<Desc extends DescMessage>(
  model: Model<Desc>,
  { data }: Item,
): MessageShape<Desc> | undefined {
  try {
    return data?.union.value && anyUnpack(data.union.value, model.message);
  } catch {
    return undefined;
  }
}

/** Describes a model as StoneWork asks for it: with the file it is declared in. */
export function detailOf({ message, spec, nameTemplate }: Model): ModelDetail {
  const options = [
    { key: "nameTemplate", values: [nameTemplate] },
    { key: "protoFile", values: [fileName(message.file)] },
  ];
  return create(ModelDetailSchema, { spec, protoName: message.typeName, options });
}

/** Returns a file's descriptor with those of all files that it imports, or undefined if no model is declared there. */
export function fileDescriptor(models: readonly Model[], name: string): ProtoFileDescriptorResponse | undefined {
  const file = models.map(({ message }) => message.file).find((candidate) => fileName(candidate) === name);
  if (file === undefined) return undefined;
  const imports = new Map<string, DescFile>();
  collect(file, imports);
  return create(ProtoFileDescriptorResponseSchema, {
    fileDescriptor: file.proto,
    fileImportDescriptors: create(FileDescriptorSetSchema, { file: [...imports.values()].map(({ proto }) => proto) }),
  });
}

function collect(file: DescFile, into: Map<string, DescFile>): void {
  for (const imported of file.dependencies) {
    if (into.has(imported.name)) continue;
    collect(imported, into);
    into.set(imported.name, imported);
  }
}

/** protobuf-es leaves out the ending of a file's name; StoneWork wants it. */
function fileName(file: DescFile): string {
  return `${file.name}.proto`;
}

function fieldsIn(template: string): string[] {
  return [...template.matchAll(FIELD)].map(([, name]) => name!);
}

/** Returns the field that a Go template calls `VppInterface`: `vpp_interface`. */
function fieldOf(message: DescMessage, goName: string): DescField {
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase();
  const field = message.fields.find(({ name }) => plain(name) === plain(goName));
  if (field !== undefined) return field;
  const names = message.fields.map(({ name }) => name).join(", ");
  const text = `the name template of ${message.typeName} names ${goName}; its fields are ${names}`;
  throw new PuntError("stonework.model", "ERR_OPTION", text, { option: message.typeName });
}
