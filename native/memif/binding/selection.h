// Decisions of a filter about the bursts of a receive queue.
#pragma once

#include <memory>
#include <vector>

#include "filter/rules.h"
#include "memif/port/rx_queue.h"
#include "util/packet_table.h"

namespace vpp_punt::memif {

/// The burst as the ring has it, and the part of it that JavaScript sees: the packets to deliver, in their
/// order.
class Selection {
 public:
  Selection(std::shared_ptr<filter::Rules> rules, uint32_t capacity);

  /// The whole burst is described here first.
  const PacketTable& all() const { return all_; }
  /// Decides about `count` packets, and describes those to deliver in `delivered`. Returns their number.
  uint32_t Decide(const BurstMemory& memory, uint32_t count, const PacketTable& delivered);

  uint32_t dropped() const { return dropped_; }
  /// Bytes of the packets that are not dropped.
  uint64_t kept_bytes() const { return kept_bytes_; }
  /// Packets that pass without JavaScript and have not been sent yet.
  uint32_t passing() const { return passing_; }
  /// The packet of the whole burst behind packet `i` of JavaScript's.
  uint32_t At(uint32_t i) const { return i < count_ ? delivered_at_[i] : 0; }

  /// The marks of the whole burst: JavaScript's for the packets that it has seen, kPassing for packets that
  /// pass without it. Takes over offsets and lengths, which JavaScript may have changed.
  Choice Spread(const PacketTable& delivered, const Choice& choice);
  /// The same when JavaScript has decided nothing.
  Choice Rest();
  /// Of the first `sent` packets with kPassing, how many JavaScript has not seen. They pass no more.
  uint32_t TakeSent(uint32_t sent);

  /// MARK.none of lib/memif/batch.ts: to the other port.
  static constexpr uint8_t kPassing = 0;

 private:
  /// MARK.drop
  static constexpr uint8_t kDropped = 2;

  std::shared_ptr<filter::Rules> rules_;
  std::vector<uint32_t> columns_;
  PacketTable all_;
  std::vector<uint8_t> own_;            // marks without JavaScript's
  std::vector<uint8_t> marks_;          // with them
  std::vector<uint32_t> delivered_at_;  // index in the whole burst
  uint32_t burst_ = 0;                  // packets of the whole burst
  uint32_t count_ = 0;                  // to deliver
  uint32_t passing_ = 0;
  uint32_t dropped_ = 0;
  uint64_t kept_bytes_ = 0;
};

}  // namespace vpp_punt::memif
