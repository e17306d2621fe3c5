// A real systemd as process 1 of namespaces of its own, with the machine's files below a layer that is thrown away.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { atEnd } from "./at-end.js";
import { command, until } from "./netns.js";

const SYSTEMD = "/lib/systemd/systemd";
/** systemd's own units that services need: their folders of links are not there, so they start nothing else. */
const TARGETS = ["basic", "sysinit", "shutdown", "multi-user", "umount"];

/** Makes the layer, enters it, and becomes systemd. Arguments: a folder, the project, the program, files as path and text. */
const BOOT = `
set -e
folder=$1 project=$2 program=$3; shift 3
mount --make-rprivate /
mount -t tmpfs none "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay none -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
root="$folder/root"
mkdir -p "$root$project"
mount --rbind "$project" "$root$project"
mount -t proc none "$root/proc"
mount -t sysfs none "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs none "$root/run"
mount --rbind /dev "$root/dev"
rm -rf "$root/var/lib/vpp-punt" "$root/etc/vpp-punt" "$root/usr/local/bin/vpp-punt"
mkdir -p "$root/units"
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
for target in ${TARGETS.join(" ")}; do cp "/lib/systemd/system/$target.target" "$root/units"; done
printf '#!/bin/sh\\nexec %s "$@"\\n' "$program" > "$root/usr/local/bin/vpp-punt"
chmod 755 "$root/usr/local/bin/vpp-punt"
while [ $# -gt 0 ]; do mkdir -p "$(dirname "$root$1")"; printf '%s' "$2" > "$root$1"; shift 2; done
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
ip link set lo up
exec env -i container=test SYSTEMD_UNIT_PATH=/units PATH="$PATH" ${SYSTEMD} --unit=basic.target --show-status=no`;

const LOG = "/log";
/** For all services: there is no journal. */
const LOGGING = {
  "/units/service.d/log.conf": `[Service]\nStandardOutput=append:${LOG}\nStandardError=append:${LOG}\n`,
};

function cgroup2(): string | undefined {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  return mounts.map((line) => line.split(" ")).find(([, , type]) => type === "cgroup2")?.[1];
}

/** Why systemd can't run here; undefined if it can. */
export function systemdIsMissing(): string | undefined {
  if (!existsSync(SYSTEMD)) return `${SYSTEMD} is not here`;
  const parent = cgroup2();
  if (parent === undefined) return "cgroup2 is not mounted";
  try {
    rmdirSync(mkdtempSync(join(parent, "vpp-punt-")));
    return undefined;
  } catch {
    return "cgroups cannot be made";
  }
}

export class Systemd {
  readonly #folder = mkdtempSync(join(tmpdir(), "vpp-punt-systemd-"));
  readonly #cgroup = mkdtempSync(join(cgroup2()!, "vpp-punt-"));
  readonly #child: ChildProcess;
  #output = "";

  /** Starts systemd. `files`: texts by their paths, units in `/units`; `program`: the words of the program `vpp-punt`. */
  constructor(files: Readonly<Record<string, string>>, program: readonly string[]) {
    const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc", "--cgroup"];
    const given = [this.#folder, resolve("."), program.join(" ")];
    const texts = Object.entries({ ...LOGGING, ...files }).flat();
    const enter = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"';
    const boot = ["unshare", ...namespaces, "sh", "-c", BOOT, "sh", ...given, ...texts];
    this.#child = spawn("sh", ["-c", enter, "sh", this.#cgroup, ...boot], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    atEnd(() => this.#child.kill("SIGKILL"));
  }

  /** Returns all that the services have written. */
  log(): Promise<string> {
    return this.run("cat", LOG);
  }

  get #pid(): string {
    return readFileSync(`/proc/${this.#child.pid}/task/${this.#child.pid}/children`, "utf8").trim();
  }

  /** Runs a program among the services to its end; its standard output. */
  run(...words: readonly string[]): Promise<string> {
    const namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup"];
    return command("nsenter", "--target", this.#pid, ...namespaces, ...words);
  }

  /** Returns properties of a unit. */
  async properties(unit: string): Promise<Readonly<Record<string, string>>> {
    const lines = (await this.run("systemctl", "show", unit)).trimEnd().split("\n");
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  }

  /** Waits until a unit has properties. */
  async has(unit: string, wanted: Readonly<Record<string, string>>): Promise<void> {
    const probe = async () => {
      const found = await this.properties(unit);
      return Object.entries(wanted).every(([name, value]) => found[name] === value);
    };
    await until(`${unit} ${JSON.stringify(wanted)}`, probe, () => this.log());
  }

  /** Waits until systemd takes commands. */
  async isReady(): Promise<void> {
    const probe = () => this.run("systemctl", "is-active", "basic.target").catch(() => "");
    await until("systemd", probe, () => this.#output);
  }

  /** Ends systemd and all its services, and removes what was made for them. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "close");
      const pid = this.#pid;
      // The others of its namespace end with process 1, and unshare after them.
      if (pid === "") this.#child.kill("SIGKILL");
      else process.kill(Number(pid), "SIGKILL");
      await ended;
    }
    removeCgroup(this.#cgroup);
    rmSync(this.#folder, { recursive: true });
  }
}

function removeCgroup(path: string): void {
  for (const { name } of readdirSync(path, { withFileTypes: true }).filter((each) => each.isDirectory()))
    removeCgroup(join(path, name));
  rmdirSync(path);
}
