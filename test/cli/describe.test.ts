// The completion scripts and the man page, as shells and man read them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { ENVIRONMENT } from "../../lib/cli/about/environment.js";
import { shownCommands } from "../../lib/cli/commands/shown.js";
import { EXIT_STATUSES } from "../../lib/cli/ending/exit.js";
import { makeProgram } from "../../lib/cli/program.js";
import { managingOptions } from "../../lib/cli/punts/index.js";
import type { PuntManagerOptions } from "../../lib/punt/index.js";
import { cli } from "../support/cli/command.js";
import { need } from "../support/need.js";

function commandNames(): string[] {
  return shownCommands(makeProgram()).map((command) => command.name());
}

async function script(shell: string): Promise<string> {
  const { status, stdout } = await cli(["completion", shell]);
  if (status !== 0) throw new Error(`completion ${shell} ended with ${status}`);
  return stdout;
}

/** Types a line and a tab into an interactive zsh, and prints what its completion adds. */
const ZSH = `
zmodload zsh/zpty
zpty shell zsh -f -i
until_said() { local text; while zpty -r shell text; do print -r -- "$text"; [[ $text == *$1* ]] && return; done }
zpty -w shell "PROMPT=; fpath=($1 \\$fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' complete-word; print RE''ADY"
until_said READY
zpty -w shell '
compadd() {
  local -a found
  if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
    builtin compadd -A found "$@"
    (( $#found )) && print -l -- "OFFER "$^found
  fi
  builtin compadd "$@"
}
at_end() { print EN""DED; exit }
comppostfuncs=(at_end)
print DEF""INED'
until_said DEFINED
zpty -n -w shell "$2"$'\\t'
until_said ENDED`;

/** Returns the words that bash offers after these words. */
function offered(completion: string, ...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(" ");
  const program = `${completion}\nCOMP_WORDS=(${list}) COMP_CWORD=${words.length - 1}\n_vpp_punt\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", program], { encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return stdout.split("\n").filter((line) => line !== "");
}

test("bash completes commands, options, and values of options", async (t) => {
  const bash = await script("bash");
  t.deepEqual(offered(bash, "vpp-punt", "ap"), ["api", "apply"]);
  t.deepEqual(offered(bash, "vpp-punt", "apply", "--pr"), ["--prune"]);
  t.deepEqual(offered(bash, "vpp-punt", "wait", "--for", "CR"), ["CREATED"]);
  t.deepEqual(offered(bash, "vpp-punt", "list", "-o", "w"), ["wide"]);
  t.deepEqual(offered(bash, "vpp-punt", "doctor", "--output", ""), ["text", "json"]);
  t.deepEqual(offered(bash, "vpp-punt", "apply", "package.js"), ["package.json"]);
  t.false(offered(bash, "vpp-punt", "").includes("punts"), "hidden commands are not offered");
  t.deepEqual(offered(bash, "vpp-punt", "describe", "-o", "y"), ["yaml"]);
  t.deepEqual(offered(bash, "vpp-punt", "list", "--output", "=", "w"), ["wide"]);
  t.deepEqual(offered(bash, "vpp-punt", "list", "--output", "="), ["table", "wide", "yaml", "json"]);
});

test("bash offers each name of a command, and each option that a command's help shows", async (t) => {
  const bash = await script("bash");
  const program = makeProgram();
  t.deepEqual(offered(bash, "vpp-punt", "-"), ["--help", "--version"]);
  for (const command of shownCommands(program))
    for (const name of [command.name(), ...command.aliases()]) {
      t.true(offered(bash, "vpp-punt", name).includes(name), name);
      const options = [...command.helpInformation().matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(
        ([, option]) => option!,
      );
      t.true(options.length > 0, name);
      t.deepEqual(offered(bash, "vpp-punt", name, "-").sort(), options.sort(), name);
    }
});

const OFFERS: readonly [line: string, offers: readonly string[]][] = [
  ["vpp-punt ap", ["api", "apply"]],
  ["vpp-punt apply --pr", ["--prune"]],
  ["vpp-punt wait --for CR", ["CREATED"]],
  ["vpp-punt list -o w", ["wide"]],
  ["vpp-punt completion f", ["fish"]],
  ["vpp-punt desc", ["describe"]],
  // A file of this folder is not a command.
  ["vpp-punt packag", []],
  ["vpp-punt describe -o y", ["yaml"]],
  ["vpp-punt api --v", ["--vpp"]],
  ["vpp-punt list --he", ["--help"]],
  ["vpp-punt --ver", ["--version"]],
];

need("fish").test("fish completes commands, options, and values of options", async (t) => {
  const completion = await script("fish");
  for (const [line, offers] of [...OFFERS, ["vpp-punt list --output=w", ["--output=wide"]] as const]) {
    const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", `${completion}\ncomplete -C '${line}'`], {
      encoding: "utf8",
    });
    t.is(stderr, "");
    t.deepEqual(
      stdout
        .trimEnd()
        .split("\n")
        .map((each) => each.split("\t")[0]!)
        .filter((each) => each !== ""),
      [...offers],
    );
  }
});

need("zsh").test("zsh completes commands, options, and values of options", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-zsh-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "_vpp-punt"), await script("zsh"));
  for (const [line, offers] of [...OFFERS, ["vpp-punt list --output=w", ["wide"]] as const]) {
    const { stdout } = spawnSync("zsh", ["-f", "-c", ZSH, "zsh", folder, line], { encoding: "utf8", timeout: 60_000 });
    t.deepEqual(
      [...stdout.matchAll(/OFFER ([-\w]+)/g)].map(([, each]) => each!),
      [...offers],
      stdout,
    );
  }
});

test("an unknown shell is a usage error that lists the shells", async (t) => {
  const { status, stderr } = await cli(["completion", "csh"]);
  t.is(status, 2);
  t.regex(stderr, /'csh' is invalid.*bash, zsh, fish/);
});

test("the man page has every command, environment variable and exit status", async (t) => {
  const { status, stdout } = await cli(["man"]);
  t.is(status, 0);
  t.regex(stdout, /^\.TH VPP\\-PUNT 1 /);
  for (const name of commandNames()) t.regex(stdout, new RegExp(`^\\.SS "vpp\\\\-punt ${name}[ |"]`, "m"));
  for (const name of ["list|ls", "show|describe"]) t.true(stdout.includes(`"vpp\\-punt ${name} `), name);
  for (const name of ["VPP_PUNT_STORE", "NO_COLOR"]) t.true(stdout.includes(`\\fB${name}\\fR`));
  t.regex(stdout, /^\.TP\n\\fB143\\fR$/m);
});

need("groff").test("groff formats the man page without a warning", async (t) => {
  const { stdout } = await cli(["man"]);
  const { stdout: page, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-P-cbou", "-ww"], {
    input: stdout,
    encoding: "utf8",
  });
  t.is(stderr, "");
  t.true(page.includes("vpp-punt apply"));
});

/** Fields of `PuntManagerOptions`, and the options that say them. `vpp` and `store` have options of their own; `host` is an object. */
const MANAGER_OPTIONS: Record<Exclude<keyof PuntManagerOptions, "vpp" | "store" | "host" | "readOnly">, string[]> = {
  owner: ["--owner"],
  memifDirectory: ["--memif-directory"],
  policyIdPrefix: ["--policy-id-prefix"],
  naming: ["--stonework-names"],
  subnets: ["--subnet-ipv4", "--subnet-ipv6"],
  vppNamespace: ["--vpp-namespace"],
  containers: ["--containers"],
  resyncInterval: ["--resync-interval"],
  returnTime: ["--return-time"],
  retry: ["--retry-first", "--retry-longest"],
};

test("each command that starts a manager takes each option of a manager", (t) => {
  const managing = shownCommands(makeProgram()).filter(({ options }) => options.some(({ long }) => long === "--owner"));
  t.deepEqual(managing.map((command) => command.name()).sort(), [
    ...["add", "adopt", "apply", "attach", "daemon", "delete", "dump", "explain", "list", "plan"],
    ...["run", "show", "top", "wait", "watch"],
  ]);
  for (const command of managing)
    for (const option of Object.values(MANAGER_OPTIONS).flat())
      t.true(
        command.options.some(({ long }) => long === option),
        `${command.name()} ${option}`,
      );
});

test("every command takes --json, and those with more than one form take -o and --no-color", (t) => {
  for (const command of shownCommands(makeProgram())) {
    const name = command.name();
    if (name === "completion") continue;
    const names = command.options.map(({ long }) => long);
    t.true(names.includes("--json"), name);
    t.is(names.includes("--no-color"), names.includes("--output"), name);
    const help = command.helpInformation();
    for (const { long } of command.options.filter(({ hidden }) => !hidden))
      t.true(help.includes(long!), `${name} ${long}`);
  }
});

test("errors of commands without a form of their own are JSON too", async (t) => {
  for (const args of [
    ["attach", "nobody", "--json", "--vpp", "/nowhere/api.sock"],
    ["daemon", "--json", "--config", "/nowhere/daemon.yaml"],
    ["schema", "--json", "--out", "/nowhere/schema.json"],
  ]) {
    const { status, stderr } = await cli(args);
    t.not(status, 0);
    t.regex(JSON.parse(stderr).error.message, /nowhere/);
  }
});

test("options of the command line are a manager's options", (t) => {
  t.deepEqual(managingOptions({ subnetIpv6: "fd00::/64", stoneworkNames: true, retryFirst: 1, containers: "/c" }), {
    ...{ subnets: { ipv6: "fd00::/64" }, naming: "stonework", retry: { firstDelay: 1 }, containers: "/c" },
  });
  t.deepEqual(managingOptions({}), {});
});

test("docs/cli.md has every command, environment variable and exit status", async (t) => {
  const document = await readFile("docs/cli.md", "utf8");
  for (const name of commandNames()) t.regex(document, new RegExp(`\`vpp-punt ${name}\\b`), name);
  for (const [name, text] of Object.entries(ENVIRONMENT))
    t.true(document.toLowerCase().includes(`| \`${name}\` | ${text}. |`.toLowerCase()), name);
  for (const { status, meaning } of Object.values(EXIT_STATUSES))
    t.true(document.includes(`| ${status} | ${meaning} |`));
});

test("docs/requests.md is what the schema says", async (t) => {
  const { status, stdout } = await cli(["schema", "--markdown"]);
  t.is(status, 0);
  t.is(stdout, await readFile("docs/requests.md", "utf8"), "vpp-punt schema --markdown --out docs/requests.md");
});
