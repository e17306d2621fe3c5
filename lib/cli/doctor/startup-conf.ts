// Checks of VPP's configuration: the sections that punts need.
import { DEFAULT_STATS_SOCKET } from "../../default-sockets.js";
import { FEATURE_NEEDS, type FeatureNeeds } from "../../punt/index.js";
import type { Check, Finding, Machine } from "./check.js";

const DEFAULT_FILE = "/etc/vpp/startup.conf";
const RESTART = "systemctl restart vpp";

/** A section: its words and lines, and the sections in it. */
interface Section {
  readonly words: string[];
  readonly sections: Map<string, Section>;
}

/** Reads startup.conf: names with braces around their contents, `#` begins a comment. */
export function parseStartupConf(text: string): Section {
  const tokens = text
    .replace(/#.*$/gm, "")
    .replace(/[{}]/g, " $& ")
    .split(/\s+/)
    .filter((token) => token !== "");
  const top: Section = { words: [], sections: new Map() };
  const stack = [top];
  for (const [index, token] of tokens.entries()) {
    const section = stack.at(-1)!;
    if (token === "}") {
      if (stack.length > 1) stack.pop();
    } else if (token === "{") stack.push(open(section, tokens, index));
    else section.words.push(token);
  }
  return top;
}

/** `plugin abx_plugin.so {` is the section "plugin abx_plugin.so"; `punt {` is "punt". */
function open(parent: Section, tokens: readonly string[], index: number): Section {
  const named = tokens[index - 2] === "plugin" ? 2 : 1;
  const name = parent.words.splice(-named).join(" ");
  const section = parent.sections.get(name) ?? { words: [], sections: new Map() };
  parent.sections.set(name, section);
  return section;
}

/** VPP's configuration, and the file that it came from. */
interface Config {
  readonly file: string;
  readonly conf: Section;
  /** Path of `socksvr { socket-name ... }`; undefined for VPP's default. */
  readonly apiSocket: string | undefined;
  /** Path of `punt { socket ... }`. */
  readonly puntSocket: string | undefined;
  /** Path of `statseg { socket-name ... }`, or VPP's default, where it listens without the section too. */
  readonly statsSocket: string;
}

/**
 * Returns the configuration of the VPP that runs, from its command line or from the file that the command line names; without a VPP,
 * that of /etc/vpp/startup.conf. An embedded VPP has none.
 */
export function configOf(machine: Machine): Config | undefined {
  if (machine.isEmbedded) return undefined;
  const words = machine.vpp()?.words ?? [];
  const file = after(words, "-c") ?? DEFAULT_FILE;
  const text = words.includes("{") ? words.slice(1).join(" ") : machine.text(file);
  if (text === undefined) return undefined;
  const conf = parseStartupConf(text);
  const valueIn = (section: string, name: string) => after(conf.sections.get(section)?.words ?? [], name);
  return {
    ...{ file, conf },
    statsSocket: valueIn("statseg", "socket-name") ?? DEFAULT_STATS_SOCKET,
    apiSocket: valueIn("socksvr", "socket-name"),
    puntSocket: valueIn("punt", "socket"),
  };
}

function after(words: readonly string[], name: string): string | undefined {
  const index = words.indexOf(name);
  return index < 0 ? undefined : words[index + 1];
}

interface Needed {
  readonly section: string;
  readonly contents: string;
  readonly why: string;
}

const NEEDED: readonly Needed[] = [
  {
    section: "punt",
    contents: "socket /run/vpp/punt.sock",
    why: "VPP refuses all punts to sockets with UNSPECIFIED (-1)",
  },
  { section: "socksvr", contents: "default", why: "VPP opens no API socket" },
];

function sections({ file, conf, puntSocket }: Config): Finding[] {
  const isMissing = ({ section }: Needed) =>
    section === "punt" ? puntSocket === undefined : !conf.sections.has(section);
  return NEEDED.filter(isMissing).map(({ section, contents, why }) => {
    const line = `${section} { ${contents} }`;
    return { level: "problem", what: `${file} has no ${line}`, why, remedy: `echo '${line}' >> ${file} && ${RESTART}` };
  });
}

/** The features that only this file can take from VPP. */
const FEATURES = Object.values<FeatureNeeds>(FEATURE_NEEDS).filter(({ stock }) => stock);

function isOff({ conf }: Config, plugin: string): boolean {
  const section = conf.sections.get("plugins");
  const allOff = section?.sections.get("plugin default")?.words.includes("disable") ?? false;
  const own = section?.sections.get(`plugin ${plugin}_plugin.so`)?.words ?? [];
  return own.includes("disable") || (allOff && !own.includes("enable"));
}

/** Returns the plugins of features that VPP's configuration turns off. */
export function disabledPlugins(machine: Machine): ReadonlySet<string> {
  const config = configOf(machine);
  const names = FEATURES.flatMap(({ plugin }) => plugin ?? []);
  return new Set(config === undefined ? [] : names.filter((plugin) => isOff(config, plugin)));
}

function plugins(config: Config): Finding[] {
  const { file } = config;
  return FEATURES.flatMap(({ plugin = "", use }): Finding[] => {
    const name = `${plugin}_plugin`;
    if (!isOff(config, plugin)) return [];
    const remedy = `in ${file}, plugins { plugin ${name}.so { enable } }; then ${RESTART}`;
    return [{ level: "problem", what: `${file} disables ${name}`, why: `VPP lacks it for ${use}`, remedy }];
  });
}

/** VPP's default. */
const DEFAULT_BUFFERS = 16_384;

function buffers({ file, conf }: Config): Finding[] {
  const count = Number(after(conf.sections.get("buffers")?.words ?? [], "buffers-per-numa") ?? DEFAULT_BUFFERS);
  if (count >= DEFAULT_BUFFERS) return [];
  return [
    {
      level: "advice",
      what: `${file} has buffers-per-numa ${count}, less than VPP's default of ${DEFAULT_BUFFERS}`,
      why: "a CNF that reads too slowly keeps buffers, and VPP drops packets of every interface when none is left",
      remedy: `in ${file}, buffers { buffers-per-numa ${DEFAULT_BUFFERS} }; then ${RESTART}`,
    },
  ];
}

export const startupConf: Check = {
  name: "startup.conf",
  run(machine) {
    const config = configOf(machine);
    return config === undefined ? [] : [...sections(config), ...plugins(config), ...buffers(config)];
  },
};
