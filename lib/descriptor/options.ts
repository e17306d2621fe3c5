// Checks what the functions about descriptors are given.
import { native } from "../native.js";
import { OptionCheck } from "../options.js";
import type { Limits } from "./connection.js";
import { Descriptor } from "./descriptor.js";
import { MOST_DESCRIPTORS } from "./frame.js";

/** Bounds of an exchange. */
export interface ExchangeOptions {
  /** The longest payload taken from the peer, in bytes, 0 to 16 MiB. Default 65,536. */
  readonly maxBytes?: number;
  /** The most descriptors taken from the peer, 0-253. Default 16. */
  readonly maxDescriptors?: number;
  /** How long the whole exchange may take, in ms, 1 to 600,000. Default 5000. */
  readonly timeoutMs?: number;
}

export interface CheckedExchange extends Limits {
  readonly timeoutMs: number;
}

/** IFNAMSIZ without the NUL. */
const LONGEST_NAME = 15;

/** OptionCheck with what sockets, devices and descriptors need besides. */
export class DescriptorCheck extends OptionCheck {
  exchange(options: ExchangeOptions): CheckedExchange {
    return {
      maxBytes: this.integer("maxBytes", options.maxBytes ?? 65_536, 0, 2 ** 24),
      maxDescriptors: this.integer("maxDescriptors", options.maxDescriptors ?? 16, 0, MOST_DESCRIPTORS),
      timeoutMs: this.integer("timeoutMs", options.timeoutMs ?? 5000, 1, 600_000),
    };
  }

  payload(value: unknown): Uint8Array {
    return value instanceof Uint8Array ? value : this.refuse("bytes", "must be a Uint8Array");
  }

  /** The name of a network device. */
  deviceName(option: string, value: unknown): string {
    const name = this.text(option, value, LONGEST_NAME, 1);
    return /[\s/]/.test(name) ? this.refuse(option, `must be the name of a network device; got "${name}"`) : name;
  }

  /** The number of a group given by name or number; -1 for none. */
  groupNumber(group: unknown): number {
    if (group === undefined) return -1;
    if (typeof group === "number") return this.integer("group", group, 0, 2 ** 32 - 2);
    const known = native.groupId(this.op, this.text("group", group, 255, 1));
    return known ?? this.refuse("group", `${JSON.stringify(group)} is not known to this system`);
  }

  /** Permissions of a socket file. */
  mode(value: unknown): number {
    return this.integer("mode", value ?? 0o660, 0, 0o777);
  }

  descriptors(value: unknown): readonly Descriptor[] {
    if (!Array.isArray(value) || !value.every((entry) => entry instanceof Descriptor)) {
      this.refuse("descriptors", "must be a list of descriptors");
    }
    if (value.length > MOST_DESCRIPTORS) {
      this.refuse("descriptors", `has ${value.length} entries; Linux passes at most ${MOST_DESCRIPTORS}`);
    }
    return value;
  }
}
