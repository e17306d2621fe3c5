// Network namespaces by their paths. A namespace that goes away takes its devices along, and the next one at its path is another.

/** Each path has a namespace at the beginning. */
export class NetworkNamespaces {
  /** How many namespaces a path had before the present one; undefined: there is none now. */
  readonly #present = new Map<string, number | undefined>();
  readonly #earlier = new Map<string, number>();
  /** The namespaces of devices that are not in the machine's own. */
  readonly #places = new WeakMap<object, string>();

  /** Returns the namespace at a path; "" for the machine's own, undefined if there is none. */
  at(path: string): string | undefined {
    if (path === "") return "";
    const number = this.#present.has(path) ? this.#present.get(path) : 0;
    return number === undefined ? undefined : `${path}#${number}`;
  }

  remove(path: string): void {
    this.#present.set(path, undefined);
  }

  /** Makes a new namespace at each path that has none. */
  makeAll(): void {
    for (const [path, number] of this.#present) {
      if (number !== undefined) continue;
      const earlier = (this.#earlier.get(path) ?? 0) + 1;
      this.#earlier.set(path, earlier);
      this.#present.set(path, earlier);
    }
  }

  /** Puts a device into the namespace at a path. */
  put(device: object, path: string): void {
    this.#places.set(device, this.at(path)!);
  }

  placeOf(device: object): string {
    return this.#places.get(device) ?? "";
  }

  /** Whether the namespace of a device has a path. */
  isReachable(device: object): boolean {
    const place = this.placeOf(device);
    return place === "" || this.at(place.slice(0, place.lastIndexOf("#"))) === place;
  }
}
