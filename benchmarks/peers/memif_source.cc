// Sends as fast as the ring takes packets, until the sink ends the run: memif_source <role> <socket> <size>
// [seconds] [packets]. With `seconds` the source ends it: it sends for that long, and then the end packet.
// `packets`: how many different packets it copies from, by default one.
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

/// The packets to copy from, one after the other.
class Packets {
 public:
  /// Memory that only has zeros may be one page for all packets.
  Packets(size_t size, size_t count) : size_(size), bytes_(size * count, 1) {
    for (size_t i = 0; i < count; i++) bytes_[i * size] = 0;
  }

  size_t size() const { return size_; }
  const uint8_t* Next() {
    const uint8_t* packet = bytes_.data() + next_;
    next_ += size_;
    if (next_ == bytes_.size()) next_ = 0;
    return packet;
  }

 private:
  size_t size_;
  std::vector<uint8_t> bytes_;
  size_t next_ = 0;
};

/// Sends one burst: reserves slots, copies packets into them, and rings the doorbell once.
uint32_t SendBurst(Peer& peer, Packets& packets) {
  TxQueue& tx = peer.tx();
  uint32_t count = tx.Reserve(peer.table(), kBurst);
  if (count == 0) return 0;
  uint8_t* data = tx.Memory(tx.memory())->data();
  for (uint32_t i = 0; i < count; i++) {
    memcpy(data + peer.table().offset(i), packets.Next(), packets.size());
    peer.table().lengths()[i] = static_cast<uint32_t>(packets.size());
  }
  tx.Commit(peer.table().lengths(), count);
  tx.Publish();
  tx.RingDoorbell();
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const auto size = static_cast<size_t>(atoi(argv[3]));
  Packets packets(size, argc > 5 ? static_cast<size_t>(atoi(argv[5])) : 1);
  double seconds = argc > 4 ? atof(argv[4]) : 0;
  Peer peer(RoleOf(argv[1]), argv[2]);
  SayReady();
  peer.AwaitUp();
  uint64_t sent = 0;
  double start = Now();
  while (peer.Up()) {
    sent += SendBurst(peer, packets);
    if (seconds > 0 ? Now() - start > seconds : SinkSaysEnd(peer)) break;
  }
  double elapsed = Now() - start;
  std::vector<uint8_t> last(size);
  last[0] = kEnd;
  peer.SendOne(last);
  while (seconds > 0 && peer.Up() && !SinkSaysEnd(peer)) continue;  // until the sink has received all packets
  printf("{\"sent\":%llu,\"pps\":%.0f}\n", static_cast<unsigned long long>(sent),
         static_cast<double>(sent) / elapsed);
}
