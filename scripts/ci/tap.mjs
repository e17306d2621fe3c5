// Counts test results in TAP output, as ava prints it.

/**
 * Counts of a TAP stream, and the lines a reader needs: every failure with its details, every skip.
 * A stream without its closing plan was cut short, which is a failure too.
 */
export function readTap(text) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const shown = [];
  let inFailure = false;
  let planned;
  for (const line of text.split("\n")) {
    const result = /^(not )?ok\b(.*)$/.exec(line);
    if (result) {
      inFailure = result[1] !== undefined;
      const skipped = /# (SKIP|TODO)\b/i.test(result[2]);
      counts[inFailure ? "failed" : skipped ? "skipped" : "passed"]++;
      if (skipped && !inFailure) shown.push(`  ${line}`);
    }
    // "#   text" is a line that the failing test has logged.
    if (/^(TAP version|# \S)/.test(line)) inFailure = false;
    if (inFailure) shown.push(`  ${line}`);
    planned = /^1\.\.(\d+)/.exec(line)?.[1] ?? planned;
  }
  if (planned === undefined) {
    counts.failed++;
    shown.push("  the test run ended without its plan (1..N)");
  }
  return { counts, shown };
}
