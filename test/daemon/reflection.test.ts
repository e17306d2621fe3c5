// The contract, as clients learn it that have no copy of it.
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import test from "ava";
import { EarlierServerReflection, reflection } from "../../lib/daemon/service/index.js";
import { file_vpp_punt_v1_punts, ServerReflection, type ServerReflectionRequest } from "../../lib/wire/index.js";

type Asked = ServerReflectionRequest["messageRequest"];

/** The answer to one question. */
async function ask(messageRequest: Asked) {
  const question = { host: "h", messageRequest } as ServerReflectionRequest;
  async function* questions() {
    yield question;
  }
  const answers: unknown[] = [];
  for await (const each of reflection.serverReflectionInfo(questions(), {} as never)) answers.push(each);
  const [{ messageResponse, ...rest }] = answers as [{ messageResponse: { case: string; value: object } }];
  return { answers: answers.length, rest, question, answer: messageResponse };
}

async function filesOf(asked: Asked): Promise<FileDescriptorProto[]> {
  const { fileDescriptorProto } = (await ask(asked)).answer.value as { fileDescriptorProto: Uint8Array[] };
  return fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

test("the services are listed, with the question", async (t) => {
  const found = await ask({ case: "listServices", value: "*" });
  t.is(found.answers, 1);
  t.deepEqual(found.rest, { validHost: "h", originalRequest: found.question } as object);
  t.is(found.answer.case, "listServicesResponse");
  const names = ["vpp_punt.v1.Punts", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
  const { service } = found.answer.value as { service: { name: string }[] };
  t.deepEqual(service.map(({ name }) => name).sort(), names.sort());
});

test("a file comes with all that it depends on, by its name and by all that it declares", async (t) => {
  const { proto, messages } = file_vpp_punt_v1_punts;
  const symbols = ["vpp_punt.v1.Punts", "vpp_punt.v1.Punts.Add", messages[0]!.typeName];
  const questions: Asked[] = [
    { case: "fileByFilename", value: proto.name },
    ...symbols.map((value): Asked => ({ case: "fileContainingSymbol", value })),
  ];
  for (const asked of questions) {
    const files = await filesOf(asked);
    const names = files.map(({ name }) => name);
    t.is(names[0], proto.name, asked!.value as string);
    t.true(names.length > 1);
    t.is(new Set(names).size, names.length);
    for (const { dependency } of files) for (const name of dependency) t.true(names.includes(name), name);
  }
  const [health] = await filesOf({ case: "fileContainingSymbol", value: "grpc.health.v1.Health.Check" });
  t.is(health!.name, "grpc/health/v1/health.proto");
});

test("what the contract does not have is not found", async (t) => {
  const cases: [Asked, string][] = [
    [{ case: "fileByFilename", value: "none.proto" }, "there is no file none.proto"],
    [{ case: "fileContainingSymbol", value: "vpp_punt.v1.PuntsX" }, "there is no symbol vpp_punt.v1.PuntsX"],
    [{ case: "allExtensionNumbersOfType", value: "vpp_punt.v1.Punts" }, "the contract has no extensions"],
  ];
  for (const [asked, errorMessage] of cases)
    t.deepEqual((await ask(asked)).answer, { case: "errorResponse", value: { errorCode: 5, errorMessage } });
});

test("older clients ask the same by the service's earlier name", (t) => {
  const { typeName, methods, method } = EarlierServerReflection;
  t.is(typeName, "grpc.reflection.v1alpha.ServerReflection");
  t.deepEqual([methods.length, Object.keys(method)], [1, ["serverReflectionInfo"]]);
  t.is(method.serverReflectionInfo, methods[0] as never);
  t.is(methods[0]!.parent, EarlierServerReflection);
  t.is(ServerReflection.method.serverReflectionInfo.parent, ServerReflection);
});
