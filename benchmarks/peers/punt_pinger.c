/* Plays VPP for round trips: punts a packet, spins until the answer is injected, and so on.
 *   punt_pinger <VPP's path> <client's path> <rounds> <bytes>
 * Prints the percentiles in us. Waits for a first datagram before it starts. */
#define _GNU_SOURCE
#include <poll.h>

#include "punt_common.h"

static int by_value(const void* a, const void* b) {
  uint64_t x = *(const uint64_t*)a, y = *(const uint64_t*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  int rounds = atoi(argv[3]), fd = bound_socket(argv[1]);
  size_t bytes = (size_t)atol(argv[4]) + sizeof(struct packet_desc);
  struct sockaddr_un to = address_of(argv[2]);
  char* frame = calloc(1, bytes);
  char answer[SLOT];
  uint64_t* times = calloc((size_t)rounds, sizeof *times);
  struct pollfd p = {.fd = fd, .events = POLLIN};
  say_ready();
  poll(&p, 1, -1);
  if (recv(fd, answer, sizeof answer, 0) < 0) die("recv");
  for (int i = 0; i < rounds; i++) {
    uint64_t start = now_ns();
    if (sendto(fd, frame, bytes, 0, (struct sockaddr*)&to, sizeof to) < 0) die("sendto");
    while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) < 0)
      if (errno != EAGAIN || now_ns() - start > 2000000000u) die("no answer");
    times[i] = now_ns() - start;
  }
  ((struct packet_desc*)frame)->sw_if_index = MARK_END;
  if (sendto(fd, frame, bytes, 0, (struct sockaddr*)&to, sizeof to) < 0) die("sendto");
  qsort(times, (size_t)rounds, sizeof *times, by_value);
  printf("{\"p50\": %f, \"p99\": %f}\n", (double)times[rounds / 2] / 1e3,
         (double)times[rounds * 99 / 100] / 1e3);
  unlink(argv[1]);
  return 0;
}
