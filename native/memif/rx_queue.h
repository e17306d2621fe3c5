// A receive queue of the builtin engine: outlives connections, one RxRing for each.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "memif/engine.h"
#include "memif/link_slot.h"
#include "memif/rx_ring.h"

namespace vpp_punt::memif {

class BuiltinRxQueue : public RxQueue {
 public:
  BuiltinRxQueue(std::shared_ptr<LinkSlot> slot, size_t index) : slot_(std::move(slot)), index_(index) {}

  bool Claim() override { return !claimed_.exchange(true); }
  void Unclaim() override;
  void SetScratch(const Scratch& scratch) override { scratch_ = scratch; }
  uint32_t Burst(const BatchColumns& columns, uint32_t max) override;
  uint32_t memory() const override { return ring_ ? ring_->memory() : kScratchMemory; }
  void Release() override;
  RetainResult Retain(uint32_t i, Retained* retained) override;
  void GiveBack(uint64_t token) override;
  uint32_t connection() const override { return ring_ ? generation_ : 0; }
  std::shared_ptr<Region> Memory(uint32_t index) override;
  bool Stale() const override { return slot_->generation() != generation_; }
  void Refresh() override;
  void SetFollow(bool follow) override { follow_ = follow; }
  int doorbell() const override;
  void DrainDoorbell() override;
  void SetMaskInt(bool masked) override;
  RxCounters& counters() override { return counters_; }

 private:
  uint32_t BurstOfClosed(const BatchColumns& columns, uint32_t max);
  void CountBurst(const BatchColumns& columns, uint32_t count);
  void Drop();

  std::shared_ptr<LinkSlot> slot_;
  size_t index_;
  std::atomic<bool> claimed_{false};
  Scratch scratch_;
  bool follow_ = true;
  uint32_t generation_ = 0;
  std::unique_ptr<RxRing> ring_;
  RxCounters counters_;
};

}  // namespace vpp_punt::memif
