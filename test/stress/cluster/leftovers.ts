// The possible leftovers of a run: processes, namespaces, devices, sockets, mounts and shared memory, all known by the run's name.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { command } from "./network.js";

/** `name`: what the run's folder, namespaces and devices have in their names. */
export async function leftovers(name: string): Promise<string[]> {
  return [
    ...processes(name).map((each) => `process ${each}`),
    ...list("/run/netns", name).map((each) => `namespace ${each}`),
    ...list("/sys/class/net", name).map((each) => `device ${each}`),
    ...lines("/proc/net/unix", name).map((each) => `socket ${each}`),
    ...lines("/proc/self/mountinfo", name).map((each) => `mount ${each}`),
    ...list("/dev/shm", name).map((each) => `shared memory ${each}`),
  ];
}

/** The socket files below the run's folder. */
export async function socketFiles(folder: string): Promise<string[]> {
  return (await command("find", folder, "-type", "s")).split("\n").filter(Boolean);
}

function processes(name: string): string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const isOurs = words.includes(name) || readlinkSync(`/proc/${pid}/cwd`).includes(name);
        return isOurs ? [`${pid} ${words.slice(0, 120)}`] : [];
      } catch {
        // It has ended.
        return [];
      }
    });
}

function list(folder: string, name: string): string[] {
  try {
    return readdirSync(folder).filter((each) => each.includes(name));
  } catch {
    return [];
  }
}

function lines(file: string, name: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes(name));
}
