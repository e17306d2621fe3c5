/* Answers every punted packet with an injected one from a socket of its own, as an application does.
 *   punt_echo <VPP's path> <own path> epoll|busy
 * Ends at MARK_END. */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "punt_common.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int busy = !strcmp(argv[3], "busy");
  int fd = bound_socket(argv[2]), out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
      epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  connect_to(fd, argv[1]);
  connect_to(out, argv[1]);
  struct burst* b = new_burst(SLOT);
  say_ready_to(out);
  say_ready();
  for (;;) {
    if (!busy) epoll_wait(epoll, &event, 1, -1);
    int n = recvmmsg(fd, b->messages, BURST, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
      if (desc_of(b, i)->sw_if_index == MARK_END) {
        unlink(argv[2]);
        return 0;
      }
      if (send(out, desc_of(b, i), b->messages[i].msg_len, MSG_DONTWAIT) < 0) die("send");
    }
  }
}
