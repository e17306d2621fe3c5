// Times round trips of one packet: memif_pinger <role> <socket> poll|sleep <count>. Prints p50 and p99 in
// microseconds.
#include <algorithm>

#include "memif_common.h"

using namespace bench;

namespace {

/// Returns false when the other side is gone.
bool AwaitReply(Peer& peer, bool sleeps) {
  while (peer.rx().Burst(peer.table(), kBurst) == 0) {
    if (!peer.Up()) return false;
    if (sleeps) peer.Sleep();
  }
  peer.rx().Release();
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  bool sleeps = strcmp(argv[3], "sleep") == 0;
  size_t count = static_cast<size_t>(atol(argv[4]));
  Peer peer(RoleOf(argv[1]), argv[2]);
  peer.rx().SetFollow(!sleeps);
  SayReady();
  peer.AwaitUp();
  std::vector<uint8_t> packet(64);
  std::vector<double> times;
  size_t warmup = count / 10;
  for (size_t i = 0; i < count + warmup; i++) {
    double start = Now();
    if (!peer.SendOne(packet) || !AwaitReply(peer, sleeps)) return 1;
    if (i >= warmup) times.push_back(1e6 * (Now() - start));
  }
  std::sort(times.begin(), times.end());
  printf("{\"p50\":%.3f,\"p99\":%.3f}\n", times[count / 2], times[count * 99 / 100]);
}
