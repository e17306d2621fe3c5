// A transmit queue of the builtin engine: outlives connections, one TxRing for each.
#pragma once

#include <atomic>
#include <memory>

#include "memif/engine.h"
#include "memif/link_slot.h"
#include "memif/tx_ring.h"

namespace vpp_punt::memif {

class BuiltinTxQueue : public TxQueue {
 public:
  BuiltinTxQueue(std::shared_ptr<LinkSlot> slot, size_t index) : slot_(std::move(slot)), index_(index) {}

  bool Claim() override { return !claimed_.exchange(true); }
  void Unclaim() override;
  uint32_t Reserve(const BatchColumns& columns, uint32_t max) override;
  uint32_t memory() const override { return ring_ ? ring_->memory() : 0; }
  uint32_t Commit(const uint32_t* lengths, uint32_t count) override;
  AppendResult Append(const uint8_t* data, uint32_t length) override;
  void Publish() override;
  void RingDoorbell() override;
  uint32_t FreeSlots() override { return Usable() ? ring_->FreeSlots() : 0; }
  uint32_t connection() const override { return ring_ ? generation_ : 0; }
  std::shared_ptr<Region> Memory(uint32_t index) override;
  void Refresh() override;
  TxCounters& counters() override { return counters_; }

 private:
  /// Whether there is a connection to send on; takes up the current one.
  bool Usable();
  void Drop();

  std::shared_ptr<LinkSlot> slot_;
  size_t index_;
  std::atomic<bool> claimed_{false};
  uint32_t generation_ = 0;
  uint64_t staged_packets_ = 0;  // written, not yet published
  uint64_t staged_bytes_ = 0;
  std::unique_ptr<TxRing> ring_;
  TxCounters counters_;
};

}  // namespace vpp_punt::memif
