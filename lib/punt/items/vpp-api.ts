// What the manager needs of a binary API client; `Vpp` of vpp-punt/binapi is one.

/** Fields of a message, as the client's codec takes and gives them. */
// biome-ignore lint/suspicious/noExplicitAny: each message has its own shape, known by its name only
export type Message = any;

export interface VppApi {
  /**
   * Rejects with a PuntError whose code is VPP's name of the error (`VPP_NO_SUCH_ENTRY`). `fenced`: VPP may leave the message
   * unanswered; the answer to a ping sent behind it rejects it then.
   */
  call(name: string, fields: Message, options?: { fenced?: boolean }): Promise<Message>;
  /** All details of a dump. */
  dumpAll(name: string, fields?: Message): Promise<Message[]>;
  /** Whether the VPP connected to knows the message. */
  has(name: string): boolean;
}

/** The index that means none, or all. */
export const noIndex = 0xffff_ffff;
