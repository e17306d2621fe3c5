// Receives over libmemif and reads the first byte of every packet: libmemif_sink <role> <socket> poll|sleep
// [seconds]. With `seconds` the sink ends the run; without, the source does, and the sink confirms.
#include "libmemif_common.h"

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  double seconds = argc > 4 ? atof(argv[4]) : 0;
  struct Port port;
  OpenPort(&port, argv[1], argv[2], strcmp(argv[3], "poll") == 0);
  SayReady();
  AwaitUp(&port);
  uint8_t end[60];
  memset(end, END_BYTE, sizeof(end));
  uint64_t received = 0, sum = 0, in_time = 0;
  double start = 0, cpu = 0, elapsed = 0;
  unsigned told = 0, done = 0;
  while (!done && Up(&port)) {
    uint16_t count = Receive(&port);
    if (count == 0) continue;
    if (start == 0) start = Now(), cpu = CpuSeconds();
    uint8_t last = 0;
    for (uint16_t i = 0; i < count; i++) sum += last = *(uint8_t*)port.rx[i].data;
    received += count;
    done = last == END_BYTE;
    Release(&port, count);
    if (!told && seconds > 0 && Now() - start > seconds) {
      elapsed = Now() - start, cpu = CpuSeconds() - cpu, in_time = received;
      SendOne(&port, end, sizeof(end));
      told = 1;
    }
  }
  if (!told)
    elapsed = Now() - start, cpu = CpuSeconds() - cpu, in_time = received, SendOne(&port, end, sizeof(end));
  printf("{\"received\":%llu,\"pps\":%.0f,\"cpuNs\":%.3f,\"sum\":%llu}\n",
         (unsigned long long)(received - done), (double)in_time / elapsed, 1e9 * cpu / (double)in_time,
         (unsigned long long)sum);
  fflush(stdout);
  while (seconds <= 0 && port.up)
    Control(&port, 10);  // the source takes the confirmation before the ring goes
  return 0;
}
