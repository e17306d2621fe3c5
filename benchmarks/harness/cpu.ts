/** Returns the processor time of this process so far, user's and system's, in microseconds. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
