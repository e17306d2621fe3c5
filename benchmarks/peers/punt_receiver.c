/* Receives as a C program does: recvmmsg of 64 on a socket connected to VPP's path, or io_uring, reading the
 * first byte of every packet. punt_receiver <VPP's path> <own path> epoll|busy|uring Ends at the MARK_END
 * datagram; with epoll also at the end of stdin. */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "punt_common.h"
#include "punt_uring.h"

struct counts {
  uint64_t packets, bytes, sum;
  int ended;
};

static void take_one(void* counts, const struct packet_desc* desc, size_t length) {
  struct counts* c = counts;
  if (desc->sw_if_index == MARK_END) {
    c->ended = 1;
    return;
  }
  c->packets++;
  c->bytes += length - sizeof *desc;
  c->sum += *(const unsigned char*)(desc + 1);
}

static void take(struct burst* b, int n, struct counts* c) {
  for (int i = 0; i < n; i++) take_one(c, desc_of(b, i), b->messages[i].msg_len);
}

static void finish(const char* path, struct usage before, struct counts c) {
  struct usage after = usage_now();
  printf("{\"packets\": %lu, \"seconds\": %f, \"userUs\": %f, \"systemUs\": %f, \"sum\": %lu}\n", c.packets,
         (double)(after.wall_ns - before.wall_ns) / 1e9, after.user_us - before.user_us,
         after.system_us - before.system_us, c.sum);
  unlink(path);
}

static void receive_by_uring(int fd, const char* path) {
  struct uring u = uring_open(fd);
  struct counts c = {0};
  struct usage before = {0};
  uring_enter(&u, 0);
  say_ready_to(fd);
  say_ready();
  while (!c.ended) {
    uring_enter(&u, 1);
    if (!before.wall_ns) before = usage_now();
    uring_take(&u, take_one, &c);
  }
  finish(path, before, c);
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
  if (!strcmp(argv[3], "uring")) {
    receive_by_uring(fd, argv[2]);
    return 0;
  }
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
  finish(argv[2], before, c);
  return 0;
}
