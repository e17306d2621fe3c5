// A transmit queue of a port: outlives connections, with one TxRing for each.
#pragma once

#include <atomic>
#include <memory>

#include "memif/port/counters.h"
#include "memif/port/link_slot.h"
#include "memif/port/tx_ring.h"
#include "util/packet_table.h"

namespace vpp_punt::memif {

/// One thread at a time uses it: the thread that has locked it.
class TxQueue {
 public:
  TxQueue(std::shared_ptr<LinkSlot> slot, size_t index) : slot_(std::move(slot)), index_(index) {}

  bool TryLock() { return !locked_.exchange(true); }
  void Unlock();
  /// How many owners have unlocked the queue: the owner that has it sees the number that it saw first.
  uint32_t past_owners() const { return past_owners_.load(std::memory_order_relaxed); }

  /// Describes the next free slots, up to `max`, all in one memory: where to write and how much fits. Sends
  /// nothing.
  uint32_t Reserve(const PacketTable& table, uint32_t max);
  uint32_t memory() const { return ring_ ? ring_->memory() : 0; }
  /// Fills the first `count` slots of the last Reserve with these lengths. Returns `count`, or the index of
  /// the first bad length. The peer sees them after Publish.
  uint32_t Commit(const uint32_t* lengths, uint32_t count);
  /// Copies one packet into each of the first `count` slots of the last Reserve, and sets their lengths in
  /// `table`. Returns `count`, or the first slot that it does not fit.
  uint32_t Fill(const PacketTable& table, const uint8_t* data, uint32_t length, uint32_t count);
  /// Copies one packet into as many slots as it needs. The peer sees it after Publish.
  AppendResult Append(const uint8_t* data, uint32_t length);
  /// Copies packets in their order as long as there is room; returns how many. Likewise.
  uint32_t AppendAll(const PacketList& packets);
  void Publish();
  /// Rings the peer's doorbell if the peer wants that.
  void RingDoorbell();

  /// The ring to send on, for a receive queue that passes packets on; null without a connection. The caller
  /// counts what it writes there by `Stage`.
  TxRing* Ready() { return Usable() ? ring_.get() : nullptr; }
  void Stage(uint64_t packets, uint64_t bytes) {
    staged_packets_ += packets;
    staged_bytes_ += bytes;
  }

  /// Whether the ring has no room for such a packet at any time, as far as a look at it tells.
  bool IsTooLong(uint32_t length) { return Usable() && ring_->Budget(1).IsTooLong(length); }
  uint32_t FreeSlots() { return Usable() ? ring_->FreeSlots() : 0; }
  uint32_t connection() const { return ring_ ? generation_ : 0; }
  std::shared_ptr<Region> Memory(uint32_t index);
  void Refresh();

  TxCounters& counters() { return counters_; }

 private:
  /// Whether there is a connection to send on. Switches to the current one.
  bool Usable();
  void Drop();

  std::shared_ptr<LinkSlot> slot_;
  size_t index_;
  std::atomic<bool> locked_{false};
  std::atomic<uint32_t> past_owners_{0};
  bool owes_doorbell_ = false;  // packets were published since it was rung
  uint32_t generation_ = 0;
  uint64_t staged_packets_ = 0;  // written, not yet published
  uint64_t staged_bytes_ = 0;
  std::unique_ptr<TxRing> ring_;
  TxCounters counters_;
};

}  // namespace vpp_punt::memif
