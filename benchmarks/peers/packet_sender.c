/* Sends frames of one size as fast as the device takes them, 64 a sendmmsg().
 *   packet_sender <namespace> <device> <bytes> <seconds> */
#include "packet_common.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  int fd = packet_socket(argv[1]);
  bind_to(fd, argv[2], 0);
  struct burst* b = new_burst((size_t)atol(argv[3]));
  /* A locally administered address, and an EtherType for experiments. */
  for (int i = 0; i < BURST; i++)
    memcpy(b->vectors[i].iov_base, "\2\0\0\0\0\2\2\0\0\0\0\1\x88\xb5", ETH_HLEN);
  uint64_t sent = 0, limit = (uint64_t)(atof(argv[4]) * 1e9);
  struct usage start = usage_now(), end = start;
  for (; end.wall_ns - start.wall_ns < limit; end = usage_now()) {
    for (int i = 0; i < 16; i++) {
      int n = sendmmsg(fd, b->messages, BURST, 0);
      if (n < 0 && errno != ENOBUFS && errno != EAGAIN) die("sendmmsg");
      if (n > 0) sent += (uint64_t)n;
    }
  }
  double cpu_us = end.user_us - start.user_us + end.system_us - start.system_us;
  printf("{\"packets\": %lu, \"seconds\": %f, \"cpuUs\": %f}\n", sent,
         (double)(end.wall_ns - start.wall_ns) / 1e9, cpu_us);
  return 0;
}
