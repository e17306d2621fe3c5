// Where things are unless the command line or the environment says otherwise.

/** VPP's API socket. */
export const DEFAULT_VPP_SOCKET = "/run/vpp/api.sock";
/** The file of the punts that were asked for. */
export const DEFAULT_STORE = "/var/lib/vpp-punt/punts.json";
/** Where a daemon listens that was given no socket. */
export const DEFAULT_DAEMON_SOCKET = "/run/vpp-punt/manager.sock";
