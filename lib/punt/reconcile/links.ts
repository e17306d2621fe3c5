// Reads the devices of network namespaces, those of each at most once in a look. Programs in a namespace can keep it from being read.
import type { PuntError } from "../../errors.js";
import type { Host } from "../../host/index.js";
import type { ReadContext } from "../items/index.js";
import { asPuntError, isDisconnect, isSilence } from "./look-errors.js";

export interface Links extends Pick<ReadContext, "linksOf" | "linksIn"> {
  /** The namespaces that `linksIn` could not read, by their numbers. */
  readonly unreadable: ReadonlyMap<number, PuntError>;
}

/** Returns the links of one look. `namespaces` are those of `linksIn`. */
export function linksOnce(host: Host, namespaces: ReadonlyMap<number, string>): Links {
  const names = once((namespace: string) => host.deviceNames?.(namespace) ?? Promise.resolve(undefined));
  const links = once((namespace: string) => host.links(namespace));
  const linksOf: Links["linksOf"] = async (namespace, isWanted) => {
    try {
      const known = await names(namespace);
      if (known && !known.some(isWanted)) return [];
      return (await links(namespace)).filter((link) => isWanted(link.name));
    } catch (error) {
      // A namespace that went during the look has no devices.
      const isThere = (await host.identify(namespace)) !== undefined || host.explain?.(namespace)?.isUnknown;
      if (isThere) throw error;
      return [];
    }
  };
  const unreadable = new Map<number, PuntError>();
  const linksIn: Links["linksIn"] = async (isWanted) => {
    const look = async ([id, path]: readonly [number, string]) => {
      try {
        return (await linksOf(path, isWanted)).map((link) => ({ id, link }));
      } catch (error) {
        if (isDisconnect(error) || isSilence(error)) throw error;
        unreadable.set(id, asPuntError(error, `network namespace ${path || "of the manager"} cannot be read`));
        return [];
      }
    };
    return (await Promise.all([...namespaces].map(look))).flat();
  };
  return { linksOf, linksIn, unreadable };
}

function once<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key) => {
    const known = answers.get(key) ?? ask(key);
    answers.set(key, known);
    return known;
  };
}
