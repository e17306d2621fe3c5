/* sendmmsg of 64 on a socket connected to VPP's path; waits with poll() while there is no room.
 *   punt_injector <VPP's path> <packets> <bytes> */
#define _GNU_SOURCE
#include <poll.h>

#include "punt_common.h"

/* Sends all of the first n datagrams of the burst. */
static void send_all(int fd, struct burst* b, int n) {
  for (int done = 0; done < n;) {
    int sent = sendmmsg(fd, b->messages + done, (unsigned)(n - done), MSG_DONTWAIT);
    if (sent > 0) done += sent;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (sent < 0 && errno != EAGAIN) die("sendmmsg");
    if (done < n) poll(&p, 1, -1);
  }
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  long packets = atol(argv[2]);
  size_t bytes = (size_t)atol(argv[3]);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  connect_to(fd, argv[1]);
  struct burst* b = new_burst(sizeof(struct packet_desc) + bytes);
  char* packet = calloc(1, bytes);
  struct usage before = usage_now();
  for (long left = packets; left > 0; left -= BURST) {
    for (int i = 0; i < BURST; i++) {
      *desc_of(b, i) = (struct packet_desc){1, 0};
      memcpy(desc_of(b, i) + 1, packet, bytes);
    }
    send_all(fd, b, BURST);
  }
  struct usage after = usage_now();
  desc_of(b, 0)->sw_if_index = MARK_END;
  send_all(fd, b, 1);
  printf("{\"packets\": %ld, \"seconds\": %f, \"userUs\": %f}\n", packets,
         (double)(after.wall_ns - before.wall_ns) / 1e9, after.user_us - before.user_us);
  return 0;
}
