// Where things are unless the command line or the environment says otherwise.

/** The file of the punts that were asked for. */
export const DEFAULT_STORE = "/var/lib/vpp-punt/punts.json";
