// Generated types: the compiler accepts right calls and refuses wrong ones.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";
import { generateTypes } from "../../lib/binapi/generate.js";
import { Schema } from "../../lib/binapi/schema.js";

/** Compiles a program that uses the package and a file generated from `schema`. Returns the compiler's output. */
function check(program: string, schema = Schema.fromApiJson([EXTRA], "extra")): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-types-"));
  try {
    writeFileSync(join(folder, "vpp-types.ts"), generateTypes(schema, { augment: "vpp-punt/binapi" }));
    writeFileSync(
      join(folder, "program.ts"),
      `import { Vpp } from "vpp-punt/binapi";\nimport "./vpp-types.js";\n${program}`,
    );
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    spawnSync("mkdir", ["-p", join(folder, "node_modules")]);
    symlinkSync(resolve("."), join(folder, "node_modules/vpp-punt"));
    symlinkSync(resolve("node_modules/@types"), join(folder, "node_modules/@types"));
    const options = [
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--skipLibCheck",
      "--types",
      "node",
    ];
    const tsc = spawnSync(process.execPath, [
      resolve("node_modules/typescript/bin/tsc"),
      ...options,
      join(folder, "program.ts"),
    ]);
    return tsc.stdout.toString();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const EXTRA = {
  module: "extra",
  types: [],
  unions: [],
  enums: [["extra_mode", ["EXTRA_ON", 1], ["EXTRA_OFF", 2], { enumtype: "u8" }]],
  aliases: {},
  services: { extra_set: { reply: "extra_set_reply" } },
  messages: [
    ["extra_set", ...header("client_index"), ["vl_api_extra_mode_t", "mode"], { crc: "0x00000001" }],
    ["extra_set_reply", ...header(), ["i32", "retval"], ["u64", "count"], { crc: "0x00000002" }],
  ],
};

function header(...more: string[]): string[][] {
  return [["u16", "_vl_msg_id"], ...more.map((name) => ["u32", name]), ["u32", "context"]];
}

test("calls are checked by the compiler, for built-in and for generated messages", (t) => {
  const good = `
    const vpp = await Vpp.connect();
    const version: string = (await vpp.call("show_version")).version;
    await vpp.call("sw_interface_set_flags", { sw_if_index: 1, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
    for await (const { if_name } of vpp.dump("memif_dump")) if_name.length;
    for await (const { deleted } of await vpp.subscribe("want_interface_events", {}, "sw_interface_event")) deleted === true;
    const count: bigint = (await vpp.call("extra_set", { mode: "EXTRA_ON" })).count;
    (await vpp.call("unknown_message", { x: 1 })).anything;
    export { version, count };`;
  t.is(check(good), "");
});

test("mistakes in calls are errors of the compiler", (t) => {
  const bad = `
    const vpp = await Vpp.connect();
    await vpp.call("memif_delete", { sw_if_indx: 1 });
    await vpp.call("memif_delete");
    await vpp.call("sw_interface_set_flags", { sw_if_index: "1", flags: [] });
    await vpp.call("extra_set", { mode: "EXTRA_MAYBE" });
    (await vpp.call("show_version")).verison;`;
  const lines = check(bad).match(/program\.ts\((\d+)/g);
  t.deepEqual(lines, ["program.ts(5", "program.ts(6", "program.ts(7", "program.ts(8", "program.ts(9"]);
});

test("messages of a generated file take the place of built-in ones with other fields", (t) => {
  const other = structuredClone(EXTRA);
  other.messages.push(
    ["memif_delete", ...header("client_index"), ["string", "by_name", "64"], { crc: "0x00000003" }],
    ["memif_delete_reply", ...header(), ["i32", "retval"], { crc: "0x00000004" }],
    ["sw_interface_event", ["u16", "_vl_msg_id"], ["u32", "client_index"], ["u64", "moment"], { crc: "0x00000005" }],
  );
  const good = `
    const vpp = await Vpp.connect();
    await vpp.call("memif_delete", { by_name: "memif0/0" });
    for await (const { moment } of vpp.listen("sw_interface_event")) ((value: bigint) => value)(moment);
    const version: string = (await vpp.call("show_version")).version;
    export { version };`;
  t.is(check(good, Schema.fromApiJson([other], "other")), "");
});
