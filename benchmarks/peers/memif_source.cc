// Sends as fast as the ring takes packets, until the sink ends the run: memif_source <role> <socket> <size>
// [seconds]. With `seconds` the source ends it: it sends for that long, and then the end packet.
#include "memif_common.h"

using namespace bench;

namespace {

/// Returns whether the sink has sent its end packet.
bool SinkSaysEnd(Peer& peer) {
  if (peer.rx().Burst(peer.table(), kBurst) == 0) return false;
  bool end = peer.Packet(0)[0] == kEnd;
  peer.rx().Release();
  return end;
}

/// Sends one burst: reserves slots, copies packets into them, and rings the doorbell once.
uint32_t SendBurst(Peer& peer, const std::vector<uint8_t>& packet) {
  TxQueue& tx = peer.tx();
  uint32_t count = tx.Reserve(peer.table(), kBurst);
  if (count == 0) return 0;
  uint8_t* data = tx.Memory(tx.memory())->data();
  for (uint32_t i = 0; i < count; i++) {
    memcpy(data + peer.table().offset(i), packet.data(), packet.size());
    peer.table().lengths()[i] = static_cast<uint32_t>(packet.size());
  }
  tx.Commit(peer.table().lengths(), count);
  tx.Publish();
  tx.RingDoorbell();
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  std::vector<uint8_t> packet(static_cast<size_t>(atoi(argv[3])));
  double seconds = argc > 4 ? atof(argv[4]) : 0;
  Peer peer(RoleOf(argv[1]), argv[2]);
  SayReady();
  peer.AwaitUp();
  uint64_t sent = 0;
  double start = Now();
  while (peer.Up()) {
    sent += SendBurst(peer, packet);
    if (seconds > 0 ? Now() - start > seconds : SinkSaysEnd(peer)) break;
  }
  double elapsed = Now() - start;
  packet[0] = kEnd;
  peer.SendOne(packet);
  while (seconds > 0 && peer.Up() && !SinkSaysEnd(peer)) continue;  // until the sink has received all packets
  printf("{\"sent\":%llu,\"pps\":%.0f}\n", static_cast<unsigned long long>(sent),
         static_cast<double>(sent) / elapsed);
}
