/* Fills a receiver's queue, a round for each datagram that arrives at VPP's path, so that draining can be
 * timed alone. punt_filler <VPP's path> <client's path> <rounds> <packets a round> <bytes> A round ends with
 * MARK_ROUND, the last one with MARK_END. */
#define _GNU_SOURCE
#include <poll.h>

#include "punt_common.h"

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  int rounds = atoi(argv[3]), packets = atoi(argv[4]), size = 1 << 24;
  size_t bytes = (size_t)atol(argv[5]) + sizeof(struct packet_desc);
  int fd = bound_socket(argv[1]);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size)) size = VPP_SNDBUF;
  struct sockaddr_un to = address_of(argv[2]);
  char* frame = calloc(1, bytes);
  struct packet_desc* desc = (struct packet_desc*)frame;
  say_ready();
  for (int round = 0; round < rounds; round++) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char request[64];
    poll(&p, 1, -1);
    if (recv(fd, request, sizeof request, 0) < 0) die("recv");
    for (int i = 0; i <= packets; i++) {
      desc->sw_if_index = i < packets ? 1 : round < rounds - 1 ? MARK_ROUND : MARK_END;
      /* Without the right to a larger buffer the queue holds fewer packets. Only the mark has to fit.
       */
      while (sendto(fd, frame, bytes, 0, (struct sockaddr*)&to, sizeof to) < 0 && i == packets) usleep(50);
    }
  }
  unlink(argv[1]);
  return 0;
}
