// Where VPP, the daemon and CNFs listen unless told otherwise.

/** VPP's API socket. */
export const DEFAULT_VPP_SOCKET = "/run/vpp/api.sock";
/** The socket of VPP's statistics segment. */
export const DEFAULT_STATS_SOCKET = "/run/vpp/stats.sock";
/** Where a daemon listens that was given no socket. */
export const DEFAULT_DAEMON_SOCKET = "/run/vpp-punt/manager.sock";
/** The folder of the CNFs' punt sockets. */
export const DEFAULT_SOCKET_DIRECTORY = "/run/vpp-punt/sockets";
