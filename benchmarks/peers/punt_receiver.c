/* Receives as a C program does: recvmmsg of 64 on a socket connected to VPP's path, reading the first byte of
 * every packet. punt_receiver <VPP's path> <own path> epoll|busy Ends at the MARK_END datagram; with epoll
 * also at the end of stdin. */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "punt_common.h"

struct counts {
  uint64_t packets, bytes, sum;
  int ended;
};

static void take(struct burst* b, int n, struct counts* c) {
  for (int i = 0; i < n; i++) {
    struct packet_desc* desc = desc_of(b, i);
    if (desc->sw_if_index == MARK_END) {
      c->ended = 1;
      continue;
    }
    c->packets++;
    c->bytes += b->messages[i].msg_len - sizeof *desc;
    c->sum += *(unsigned char*)(desc + 1);
  }
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int busy = !strcmp(argv[3], "busy");
  int fd = bound_socket(argv[2]), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  event.data.fd = STDIN_FILENO;
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  connect_to(fd, argv[1]);
  struct burst* b = new_burst(SLOT);
  struct counts c = {0};
  say_ready_to(fd);
  say_ready();

  struct usage before = {0};
  while (!c.ended) {
    char byte;
    if (!busy && epoll_wait(epoll, &event, 1, -1) == 1 && event.data.fd == STDIN_FILENO)
      c.ended = read(STDIN_FILENO, &byte, 1) == 0;
    int n;
    do {
      n = recvmmsg(fd, b->messages, BURST, MSG_DONTWAIT, NULL);
      if (n > 0 && !before.wall_ns) before = usage_now();
      if (n > 0) take(b, n, &c);
    } while (n == BURST);
    if (n < 0 && errno != EAGAIN) die("recvmmsg");
  }
  struct usage after = usage_now();
  printf("{\"packets\": %lu, \"seconds\": %f, \"userUs\": %f, \"systemUs\": %f, \"sum\": %lu}\n", c.packets,
         (double)(after.wall_ns - before.wall_ns) / 1e9, after.user_us - before.user_us,
         after.system_us - before.system_us, c.sum);
  unlink(argv[2]);
  return 0;
}
