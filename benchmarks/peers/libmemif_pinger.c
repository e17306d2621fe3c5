// Times round trips of one packet over libmemif: libmemif_pinger <role> <socket> poll|sleep <count>. Prints
// p50 and p99 in microseconds.
#include "libmemif_common.h"

static int Compare(const void* a, const void* b) {
  double difference = *(const double*)a - *(const double*)b;
  return (difference > 0) - (difference < 0);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  size_t count = (size_t)atol(argv[4]), warmup = count / 10;
  double* times = calloc(count, sizeof(double));
  struct Port port;
  OpenPort(&port, argv[1], argv[2], strcmp(argv[3], "poll") == 0);
  SayReady();
  AwaitUp(&port);
  uint8_t packet[64] = {0};
  for (size_t i = 0; i < count + warmup; i++) {
    double start = Now();
    if (!SendOne(&port, packet, sizeof(packet))) return 1;
    uint16_t got = 0;
    while ((got = Receive(&port)) == 0)
      if (!Up(&port)) return 1;
    Release(&port, got);
    if (i >= warmup) times[i - warmup] = 1e6 * (Now() - start);
  }
  qsort(times, count, sizeof(double), Compare);
  printf("{\"p50\":%.3f,\"p99\":%.3f}\n", times[count / 2], times[count * 99 / 100]);
  return 0;
}
