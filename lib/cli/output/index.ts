// Output of commands: writes that may fail, formats and the terminal.
export { logOptions } from "./log.js";
export {
  flushed,
  guardOutputs,
  isOutputLost,
  onOutputLost,
  outputError,
  plainWarnings,
  print,
  printError,
  write,
} from "./output.js";
export { counted, inThousands, json, jsonLine, printable, table, traffic, yaml } from "./print.js";
export { type Color, isProgressShown, paint, progress, refuseColors, stateColor, terminalWidth } from "./terminal.js";
