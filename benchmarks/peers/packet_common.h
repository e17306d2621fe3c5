/* Shared by the packet-socket peers: a socket on a device in the namespace of packet_wire, and what it
 * counts. */
#pragma once

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>

#include "punt_common.h"

/* Opens a packet socket that no frames come to before it is bound. */
static inline int packet_socket(const char* namespace) {
  int fd = open(namespace, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET)) die(namespace);
  close(fd);
  int packets = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (packets < 0) die("packet socket");
  return packets;
}

/* Binds to a device; with ETH_P_ALL its frames come in, with 0 none do. */
static inline void bind_to(int fd, const char* device, uint16_t protocol) {
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = (int)if_nametoindex(device)};
  if (bind(fd, (struct sockaddr*)&address, sizeof address)) die(device);
}
