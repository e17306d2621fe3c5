// A TAP's end is connected without its frames, unless the program wants them.
import test from "ava";
import { PathEnds } from "../../lib/module/ends.js";
import { created, handedEnds, tap } from "../support/module/ends.js";
import { NAMES } from "../support/module/life.js";

const CLOSED = ["interconnect 0: the TAP's packet socket is not open yet"];

test("a handed TAP lacks its frames from the moment at which the program asks for them", (t) => {
  const { ends, told } = handedEnds(t, [() => [], () => [], () => []]);
  ends.update(created([tap("tap-of-nobody")]));
  t.deepEqual(ends.unconnected(), []);
  ends.receive(() => {});
  t.deepEqual(ends.unconnected(), CLOSED);
  t.deepEqual(told.at(-1), CLOSED, "the change is reported");
});

test("a TAP that this process opens lacks its frames while its device is not there", (t) => {
  const told: (readonly string[])[] = [];
  const ends: PathEnds = new PathEnds({
    ...{ interfaces: NAMES, options: {}, answers: undefined, onProblem: () => {} },
    onChange: () => void told.push(ends.unconnected()),
  });
  t.teardown(() => ends.close());
  ends.update(created([tap("tap-of-nobody")]), true);
  t.deepEqual(ends.unconnected(), []);
  ends.receive(() => {});
  t.deepEqual(ends.unconnected(), CLOSED);
  t.deepEqual(told.at(-1), CLOSED, "the change is reported");
});
