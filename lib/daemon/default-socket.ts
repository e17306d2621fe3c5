// The socket of a daemon that was given none. A file of its own: a program that only wants the name loads no gRPC.

/** Where a daemon listens unless told otherwise. */
export const DEFAULT_DAEMON_SOCKET = "/run/vpp-punt/manager.sock";
