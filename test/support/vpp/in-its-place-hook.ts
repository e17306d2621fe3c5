// `node --import <this file>`: the embedded VPP that a program starts is a real one.
import { register } from "node:module";

const place = new URL("in-its-place.js", import.meta.url).href;
const source = `export const resolve = (name, context, next) =>
  name === "vpp-punt/sim" ? { url: ${JSON.stringify(place)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(source)}`);
