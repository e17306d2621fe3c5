// VPP's refusals, which the verbs of the data plane throw.
import { VNET_ERRORS, type VnetErrorName } from "../binapi/index.js";
import { PuntError } from "../errors.js";

/** A refusal of VPP. The code is VPP's name of the error; the API sends its number as `retval`. */
export class VnetError extends PuntError {
  readonly retval: number;

  constructor(name: VnetErrorName, message: string) {
    super("vpp", name, message, { retval: VNET_ERRORS[name] });
    this.retval = VNET_ERRORS[name];
  }
}
