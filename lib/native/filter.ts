// Native functions for filters, tables and rules (native/filter/).

/** A native object that only native code looks into. */
declare const OPAQUE: unique symbol;
export interface NativeMatcher {
  readonly [OPAQUE]: "matcher";
}
export interface NativeRulesHandle {
  readonly [OPAQUE]: "rules";
}

/** Rules for the packets of ports (native/filter/rules.h). */
export interface NativeRules {
  readonly handle: NativeRulesHandle;
  /** Writes packets and bytes of each rule. */
  counts(into: Float64Array): void;
}

/** An exact-match table (native/filter/match_table.h). Keys are bytes. */
export interface NativeMatchTable {
  readonly matcher: NativeMatcher;
  /** False if the table is full. */
  set(key: Uint8Array, value: number): boolean;
  /** 0: not in the table. */
  get(key: Uint8Array): number;
  remove(key: Uint8Array): boolean;
  clear(): void;
  size(): number;
  /** Writes the value of each of the first `count` packets of a BatchTable. */
  lookup(bytes: Uint8Array, table: ArrayBuffer, count: number, values: Uint32Array): void;
  /** 0: done; 1: the packet has no key; 2: the table is full. */
  learn(bytes: Uint8Array, table: ArrayBuffer, packet: number, reverse: boolean, value: number): number;
}

/** A port that applies rules to its bursts; undefined: none. */
export interface NativeFiltered {
  setFilter(rules: NativeRulesHandle | undefined): void;
}

/** A checked BPF program. */
export interface NativeFilter {
  readonly matcher: NativeMatcher;
  /** Returns the program's result for one packet; 0: not taken. */
  match(packet: Uint8Array): number;
  /** Writes 1 or 0 for each of the first `count` packets of a BatchTable; returns how many match. */
  run(bytes: Uint8Array, table: ArrayBuffer, count: number, hits: Uint8Array): number;
}

/** The addon's part that is declared here. */
export interface FilterAddon {
  /** Compiles an expression by libpcap into words: code, jt, jf, k of each instruction. */
  filterCompile(expression: string, linkType: number): Uint32Array;
  tableOpen(kind: number, isEthernet: boolean, capacity: number): NativeMatchTable;
  /** `actions`: the number of each rule's action; a rule without a matcher takes every packet. */
  rulesOpen(matchers: readonly (NativeMatcher | undefined)[], actions: Uint8Array): NativeRules;
  /** Or the index of the first instruction that is not allowed. */
  filterOpen(words: Uint32Array): NativeFilter | number;
}
