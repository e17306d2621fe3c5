// `node --require` this file: of the programs that this process starts, only Node has LD_PRELOAD. Others, such as python3 and unshare,
// hang under ThreadSanitizer when they fork; AddressSanitizer looks for leaks in each, which takes a second.
const childProcess = require("node:child_process");
const { syncBuiltinESMExports } = require("node:module");
const { basename } = require("node:path");

const NAME = "LD_PRELOAD";
const isNode = (file) => basename(file) === basename(process.execPath);

/** In a command with Node behind, such as `unshare --net node x.js`, the program of VPP_PUNT_NODE gives it the variable back. */
function withNode(args) {
  return args.map((each) => (each === process.execPath ? process.env.VPP_PUNT_NODE : each));
}

const { spawn } = childProcess.ChildProcess.prototype;
childProcess.ChildProcess.prototype.spawn = function (options) {
  const own = options.envPairs?.find((pair) => pair.startsWith(`${NAME}=`));
  if (own === undefined || isNode(options.file)) return spawn.call(this, options);
  const envPairs = options.envPairs.filter((pair) => pair !== own);
  return spawn.call(this, { ...options, envPairs, args: withNode(options.args) });
};

for (const name of ["spawnSync", "execFileSync"]) {
  const original = childProcess[name];
  childProcess[name] = (file, args, options) => {
    const [list, rest] = Array.isArray(args) ? [args, options] : [[], args];
    const { [NAME]: value, ...env } = rest?.env ?? process.env;
    if (value === undefined || isNode(file)) return original(file, list, rest);
    return original(file, withNode(list), { ...rest, env });
  };
}
syncBuiltinESMExports();
