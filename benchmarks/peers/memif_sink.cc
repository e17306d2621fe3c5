// Receives and reads the first byte of every packet: memif_sink <role> <socket> poll|sleep [seconds].
// With `seconds` the sink ends the run; without, the source does, and the sink confirms.
#include "memif_common.h"

using namespace bench;

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  bool sleeps = strcmp(argv[3], "sleep") == 0;
  double seconds = argc > 4 ? atof(argv[4]) : 0;
  Peer peer(RoleOf(argv[1]), argv[2]);
  peer.rx().SetFollow(!sleeps);
  SayReady();
  peer.AwaitUp();
  std::vector<uint8_t> end(60, kEnd);
  uint64_t received = 0, sum = 0, in_time = 0;
  double start = 0, cpu = 0, elapsed = 0;
  bool told = false, done = false;
  while (!done && peer.Up()) {
    uint32_t count = peer.rx().Burst(peer.table(), kBurst);
    if (count == 0 && sleeps) peer.Sleep();
    if (count == 0) continue;
    if (start == 0) start = Now(), cpu = CpuSeconds();
    const uint8_t* data = peer.rx().Memory(peer.rx().memory())->data();
    uint8_t last = 0;
    for (uint32_t i = 0; i < count; i++) sum += last = data[peer.table().offset(i)];
    received += count;
    done = last == kEnd;
    peer.rx().Release();
    if (!told && seconds > 0 && Now() - start > seconds) {
      elapsed = Now() - start, cpu = CpuSeconds() - cpu, in_time = received;
      peer.SendOne(end);
      told = true;
    }
  }
  if (!told) elapsed = Now() - start, cpu = CpuSeconds() - cpu, in_time = received, peer.SendOne(end);
  printf("{\"received\":%llu,\"pps\":%.0f,\"cpuNs\":%.3f,\"sum\":%llu}\n",
         static_cast<unsigned long long>(received - done), static_cast<double>(in_time) / elapsed,
         1e9 * cpu / static_cast<double>(in_time), static_cast<unsigned long long>(sum));
}
