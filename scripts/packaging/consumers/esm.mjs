// An ECMAScript module that uses the installed package.
import * as vppPunt from "vpp-punt";
import * as binapi from "vpp-punt/binapi";
import { exercise } from "./packets.cjs";

await exercise(vppPunt, binapi);
