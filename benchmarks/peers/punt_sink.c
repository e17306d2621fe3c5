/* Reads injected packets at VPP's path as fast as it can, until a datagram with MARK_END.
 *   punt_sink <VPP's path>
 * Where it may, it takes a network namespace with a queue of 512 datagrams, as VPP's host should have. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>

#include "punt_common.h"

static void deepen_queue(void) {
  if (unshare(CLONE_NEWNET)) return;
  int fd = open("/proc/sys/net/unix/max_dgram_qlen", O_WRONLY);
  if (fd < 0 || write(fd, "512", 3) != 3) perror("max_dgram_qlen");
  close(fd);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  deepen_queue();
  int fd = bound_socket(argv[1]);
  struct burst* b = new_burst(SLOT);
  uint64_t packets = 0, first = 0, last = 0;
  say_ready();
  for (int ended = 0; !ended;) {
    int n = recvmmsg(fd, b->messages, BURST, MSG_DONTWAIT, NULL);
    if (n <= 0) continue;
    if (!first) first = now_ns();
    for (int i = 0; i < n; i++) {
      if (desc_of(b, i)->sw_if_index == MARK_END)
        ended = 1;
      else
        packets++;
    }
    last = now_ns();
  }
  printf("{\"packets\": %lu, \"seconds\": %f}\n", packets, (double)(last - first) / 1e9);
  unlink(argv[1]);
  return 0;
}
