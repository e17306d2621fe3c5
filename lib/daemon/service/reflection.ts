// grpc.reflection.v1: the contract as descriptors, for clients that have no copy of it.
import { type DescFile, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import {
  file_grpc_health_v1_health,
  file_grpc_reflection_v1_reflection,
  file_vpp_punt_v1_punts,
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "../../wire/index.js";

type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;
type Answer = NonNullable<Response["messageResponse"]>;

const FILES = withDependencies([
  file_vpp_punt_v1_punts,
  file_grpc_health_v1_health,
  file_grpc_reflection_v1_reflection,
]);

/** The service under its earlier name, by which older clients ask. The messages are the same. */
export const EarlierServerReflection = renamed(ServerReflection, "grpc.reflection.v1alpha.ServerReflection");

function renamed(service: typeof ServerReflection, typeName: string): typeof ServerReflection {
  const copy = { ...service, typeName };
  const methods = service.methods.map((method) => ({ ...method, parent: copy }));
  const method = Object.fromEntries(methods.map((each) => [each.localName, each]));
  return Object.assign(copy, { methods, method }) as typeof ServerReflection;
}

/** By file name as `import` has it. */
function withDependencies(files: readonly DescFile[]): ReadonlyMap<string, DescFile> {
  const found = new Map<string, DescFile>();
  const visit = (file: DescFile) => {
    if (found.has(file.proto.name)) return;
    found.set(file.proto.name, file);
    file.dependencies.forEach(visit);
  };
  files.forEach(visit);
  return found;
}

/** Names of everything that a file declares at its top, and of the methods of its services. */
function declares(file: DescFile, symbol: string): boolean {
  const { messages, enums, services } = file;
  const names = [...messages, ...enums, ...services].map(({ typeName }) => typeName);
  // Clients name a nested message or a method by its full name.
  return names.some((name) => symbol === name || symbol.startsWith(`${name}.`));
}

function fileAnswer(file: DescFile | undefined, what: string): Answer {
  if (!file) return errorAnswer(Code.NotFound, `there is no ${what}`);
  const closure = [...withDependencies([file]).values()];
  const fileDescriptorProto = closure.map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function errorAnswer(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

function answerTo({ messageRequest: { case: kind, value } }: ServerReflectionRequest): Answer {
  const files = [...FILES.values()];
  switch (kind) {
    case "listServices": {
      const service = files.flatMap(({ services }) => services.map(({ typeName: name }) => ({ name })));
      return { case: "listServicesResponse", value: { service } };
    }
    case "fileByFilename":
      return fileAnswer(FILES.get(value), `file ${value}`);
    case "fileContainingSymbol":
      return fileAnswer(
        files.find((file) => declares(file, value)),
        `symbol ${value}`,
      );
    default:
      return errorAnswer(Code.NotFound, "the contract has no extensions");
  }
}

export const reflection: ServiceImpl<typeof ServerReflection> = {
  async *serverReflectionInfo(requests) {
    for await (const originalRequest of requests) {
      yield { validHost: originalRequest.host, originalRequest, messageResponse: answerTo(originalRequest) };
    }
  },
};
