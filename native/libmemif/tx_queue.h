// A transmit queue over libmemif. Buffers are taken from the library one slot each, filled here, and sent in
// order: its own way of making chains, and of taking back what was not sent, fail when the ring is nearly
// full.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "libmemif/slot.h"
#include "memif/engine.h"

namespace vpp_punt::libmemif {

using memif::AppendResult;

class TxQueue : public memif::TxQueue {
 public:
  TxQueue(std::shared_ptr<Slot> slot, uint16_t index) : slot_(std::move(slot)), index_(index) {}

  bool Claim() override { return !claimed_.exchange(true); }
  void Unclaim() override;
  uint32_t Reserve(const memif::BatchColumns& columns, uint32_t max) override;
  uint32_t memory() const override { return memory_; }
  uint32_t Commit(const uint32_t* lengths, uint32_t count) override;
  AppendResult Append(const uint8_t* data, uint32_t length) override;
  void Publish() override;
  /// The library rings at every Publish.
  void RingDoorbell() override {}
  uint32_t FreeSlots() override;
  uint32_t connection() const override { return connection_ ? generation_ : 0; }
  std::shared_ptr<Region> Memory(uint32_t index) override;
  void Refresh() override;
  memif::TxCounters& counters() override { return counters_; }

 private:
  /// A buffer of ours until it is sent.
  struct Free {
    memif_buffer_t buffer;
    Place place;
    uint32_t room;
  };

  bool Usable() const { return connection_ && !connection_->ended() && !failed_; }
  void TakeUp();
  void Drop();
  /// Takes all free slots from the library.
  void TopUp();
  bool Keep(const memif_buffer_t& buffer);
  uint32_t RoomFor(uint32_t length) const;
  void Stage(uint32_t length, bool more);
  void SendStaged();
  void Fail(const std::string& reason);

  const std::shared_ptr<Slot> slot_;
  const uint16_t index_;
  std::atomic<bool> claimed_{false};
  bool failed_ = false;
  uint32_t generation_ = 0;
  std::shared_ptr<Connection> connection_;
  std::vector<memif_buffer_t> taken_;
  std::deque<Free> free_;
  std::vector<memif_buffer_t> staged_;
  uint64_t staged_packets_ = 0;
  uint64_t staged_bytes_ = 0;
  uint32_t memory_ = 0;
  memif::TxCounters counters_;
};

}  // namespace vpp_punt::libmemif
