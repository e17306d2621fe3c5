/* Times recvmmsg on a full queue: asks punt_filler for a round, lets it fill, drains. Prints the median of
 * the rounds' rates, which whatever else runs then disturbs little. punt_drainer <VPP's path>
 * <own path> <ms that the filler needs> */
#define _GNU_SOURCE
#include "punt_common.h"

enum { MAX_ROUNDS = 10000 };

static int by_value(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* Drains one round; returns the mark at its end. */
static uint32_t drain(int fd, struct burst* b, uint64_t* packets, uint64_t* sum) {
  for (;;) {
    int n = recvmmsg(fd, b->messages, BURST, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
      struct packet_desc* desc = desc_of(b, i);
      if (desc->sw_if_index >= MARK_ROUND) return desc->sw_if_index;
      *packets += 1;
      *sum += *(unsigned char*)(desc + 1);
    }
  }
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  useconds_t fill_us = 1000u * (useconds_t)atoi(argv[3]);
  int fd = bound_socket(argv[2]);
  connect_to(fd, argv[1]);
  struct burst* b = new_burst(SLOT);
  uint64_t packets = 0, sum = 0;
  double rates[MAX_ROUNDS];
  int rounds = 0;
  uint32_t mark;
  say_ready();
  do {
    say_ready_to(fd);
    usleep(fill_us);
    uint64_t before = packets, start = now_ns();
    mark = drain(fd, b, &packets, &sum);
    rates[rounds++] = (double)(packets - before) * 1e9 / (double)(now_ns() - start);
  } while (mark != MARK_END && rounds < MAX_ROUNDS);
  qsort(rates, (size_t)rounds, sizeof *rates, by_value);
  printf("{\"rate\": %f, \"sum\": %lu}\n", rates[rounds / 2], sum);
  unlink(argv[2]);
  return 0;
}
