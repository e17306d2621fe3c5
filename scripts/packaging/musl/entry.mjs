// Makes a Node that always runs a program of its own behave as `node <file> [arguments]` or `node [--input-type=module] -e <code>`.
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const args = process.argv.slice(2);
const isModule = args[0] === "--input-type=module";
if (isModule) args.shift();

/** Code as a file of the working folder that is not there. */
function urlOf(code) {
  const url = pathToFileURL(resolve("[eval]")).href;
  const ours = (answer) => (name, context, next) => (name === url ? answer : next(name, context));
  registerHooks({
    resolve: ours({ url, shortCircuit: true }),
    load: ours({ format: isModule ? "module" : "commonjs", source: code, shortCircuit: true }),
  });
  return url;
}

const [first, ...rest] = args;
const isCode = first === "-e";
const url = isCode ? urlOf(rest.shift()) : pathToFileURL(resolve(first)).href;
process.argv = [process.execPath, ...(isCode ? [] : [resolve(first)]), ...rest];
import(url); // not awaited: it is `require` that loads this
