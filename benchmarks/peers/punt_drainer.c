/* Times recvmmsg, or io_uring, on a full queue: asks punt_filler for a round, lets it fill, drains. Prints
 * the median of the rounds' rates, which whatever else runs then disturbs little. punt_drainer <VPP's path>
 * <own path> <ms that the filler needs> [uring] */
#define _GNU_SOURCE
#include "punt_common.h"
#include "punt_uring.h"

enum { MAX_ROUNDS = 10000 };

static int by_value(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

struct counts {
  uint64_t packets, sum;
  uint32_t mark; /* at the end of the round; 0 before */
};

static void take(void* counts, const struct packet_desc* desc, size_t length) {
  struct counts* c = counts;
  (void)length;
  if (desc->sw_if_index >= MARK_ROUND) {
    c->mark = desc->sw_if_index;
    return;
  }
  c->packets++;
  c->sum += *(const unsigned char*)(desc + 1);
}

static void drain(int fd, struct burst* b, struct counts* c) {
  while (!c->mark) {
    int n = recvmmsg(fd, b->messages, BURST, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) take(c, desc_of(b, i), b->messages[i].msg_len);
  }
}

static void drain_by_uring(struct uring* u, struct counts* c) {
  while (!c->mark) {
    uring_enter(u, 0);
    uring_take(u, take, c);
  }
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  int by_uring = argc > 4;
  useconds_t fill_us = 1000u * (useconds_t)atoi(argv[3]);
  int fd = bound_socket(argv[2]);
  connect_to(fd, argv[1]);
  struct burst* b = new_burst(SLOT);
  struct uring u = {0};
  if (by_uring) {
    u = uring_open(fd);
    uring_enter(&u, 0);
  }
  struct counts c = {0};
  double rates[MAX_ROUNDS];
  int rounds = 0;
  say_ready();
  do {
    say_ready_to(fd);
    usleep(fill_us);
    c.mark = 0;
    uint64_t before = c.packets, start = now_ns();
    if (by_uring)
      drain_by_uring(&u, &c);
    else
      drain(fd, b, &c);
    rates[rounds++] = (double)(c.packets - before) * 1e9 / (double)(now_ns() - start);
  } while (c.mark != MARK_END && rounds < MAX_ROUNDS);
  qsort(rates, (size_t)rounds, sizeof *rates, by_value);
  printf("{\"rate\": %f, \"sum\": %lu}\n", rates[rounds / 2], c.sum);
  unlink(argv[2]);
  return 0;
}
