// The environment variables of the command line, as the help, the man page and the documents list them.

export const ENVIRONMENT: Readonly<Record<string, string>> = {
  VPP_PUNT_SOCKET: "the daemon's socket, as --socket",
  VPP_PUNT_TLS: "the daemon's TCP door, as --tls",
  VPP_PUNT_TLS_CA: "certificate of the authority that signed the daemon's, as --tls-ca",
  VPP_PUNT_TLS_CERT: "this program's certificate for the daemon, as --tls-cert",
  VPP_PUNT_TLS_KEY: "the key of that certificate, as --tls-key",
  VPP_PUNT_VPP: "VPP's API socket, as --vpp",
  VPP_PUNT_STATS: "VPP's stats socket, as --stats-socket",
  VPP_PUNT_STORE: "where the punts are kept, as --store",
  VPP_PUNT_OWNER: "the manager's name, as --owner",
  VPP_PUNT_MEMIF_DIRECTORY: "folder of the memif sockets, as --memif-directory",
  VPP_PUNT_ETCD: "etcd's URLs, as --etcd",
  VPP_PUNT_ETCD_PREFIX: "what every key in etcd begins with, as --etcd-prefix",
  VPP_PUNT_ETCD_PASSWORD: "the password of --etcd-user",
  VPP_PUNT_HOST: "the host in etcd, as --host",
  NO_COLOR: "print without colors",
  VPP_PUNT_DEBUG: "print where an internal error happened",
};
