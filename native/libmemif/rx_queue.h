// A receive queue over libmemif.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "libmemif/slot.h"
#include "memif/engine.h"

namespace vpp_punt::libmemif {

using memif::BatchColumns;
using memif::kScratchMemory;
using memif::Retained;
using memif::RetainResult;
using memif::Scratch;

class RxQueue : public memif::RxQueue {
 public:
  RxQueue(std::shared_ptr<Slot> slot, uint16_t index) : slot_(std::move(slot)), index_(index) {}

  bool Claim() override { return !claimed_.exchange(true); }
  void Unclaim() override;
  void SetScratch(const Scratch& scratch) override { scratch_ = scratch; }
  uint32_t Burst(const BatchColumns& columns, uint32_t max) override;
  uint32_t memory() const override { return memory_; }
  void Release() override;
  /// Not with libmemif, which gives buffers back in their order only.
  RetainResult Retain(uint32_t, Retained*) override { return RetainResult::kNoSpare; }
  void GiveBack(uint64_t) override {}
  uint32_t connection() const override { return connection_ ? generation_ : 0; }
  std::shared_ptr<Region> Memory(uint32_t index) override;
  bool Stale() const override { return slot_->generation != generation_; }
  void Refresh() override;
  void SetFollow(bool follow) override { follow_ = follow; }
  int doorbell() const override;
  void DrainDoorbell() override;
  void SetMaskInt(bool masked) override;
  memif::RxCounters& counters() override { return counters_; }

  /// On the control thread, alone in the library: takes out of the ring what is still in it, before it goes.
  void TakeRest();

 private:
  /// A buffer of a packet; `more`: the packet goes on in the next.
  struct Piece {
    Place place;
    uint32_t length;
    bool more;
  };

  void Fetch(uint32_t max);
  bool FetchSome(uint32_t max);
  bool HasJumped() const;
  bool Add(const memif_buffer_t& buffer);
  void Fail(const std::string& reason);
  uint32_t DeliverInPlace(const BatchColumns& columns, uint32_t max);
  uint32_t DeliverCopies(const BatchColumns& columns, uint32_t max);
  size_t PiecesOfPacket(uint32_t* length) const;
  bool Usable() const { return connection_ && !connection_->ended() && !failed_; }

  const std::shared_ptr<Slot> slot_;
  const uint16_t index_;
  std::atomic<bool> claimed_{false};
  Scratch scratch_;
  bool follow_ = true;
  bool failed_ = false;
  uint32_t generation_ = 0;
  std::shared_ptr<Connection> connection_;
  std::vector<memif_buffer_t> buffers_;
  std::vector<Piece> pieces_;  // taken from the ring
  size_t delivered_ = 0;       // of pieces_
  uint16_t held_ = 0;          // slots to give back
  uint32_t memory_ = kScratchMemory;
  memif::RxCounters counters_;
};

}  // namespace vpp_punt::libmemif
