// The things that StoneWork tells a module.
import type { Message } from "@bufbuild/protobuf";
import type { LearntPunt } from "./book.js";

/** Where StoneWork's own services are. */
export interface StoneWorkAddress {
  readonly address: string;
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** A configuration item that StoneWork has set, or deleted. */
export interface StoneWorkItem {
  /** Such as `config/mock1/v1/mock-type/89`: the `key` of the item's punts. */
  readonly key: string;
  /** Full name of the model's message. */
  readonly model: string;
  readonly name: string;
  /** Undefined: the item was deleted. */
  readonly value: Message | undefined;
}

export interface StoneWorkModuleEvents {
  /** StoneWork announces a punt, has made it, or is about to delete it. */
  punt: [LearntPunt];
  /** StoneWork has set or deleted a configuration item. It may come before its punts are CREATED, and never before their INIT. */
  item: [StoneWorkItem];
  /** StoneWork has discovered the module, for the first time or again. */
  discovered: [StoneWorkAddress];
  /** StoneWork's connection has ended, or StoneWork does not answer. What it announced stays. */
  disconnected: [StoneWorkAddress];
  /** StoneWork calls again after that, without another discovery. */
  connected: [StoneWorkAddress];
}
