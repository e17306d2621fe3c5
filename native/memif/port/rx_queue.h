// A receive queue of a port: outlives connections, with one RxRing for each.
#pragma once

#include <atomic>
#include <memory>

#include "memif/port/counters.h"
#include "memif/port/link_slot.h"
#include "memif/port/rx_ring.h"
#include "memif/port/scratch.h"
#include "memif/port/tx_queue.h"
#include "util/packet_table.h"

namespace vpp_punt::memif {

/// The decision on each packet of a burst: a mark for each.
struct Choice {
  const uint8_t* marks;
  uint32_t count;
};

/// Where the packets of a burst lie.
struct BurstMemory {
  const uint8_t* data;
  uint64_t size;
};

/// One thread at a time uses it: the thread that has locked it.
class RxQueue {
 public:
  RxQueue(std::shared_ptr<LinkSlot> slot, size_t index) : slot_(std::move(slot)), index_(index) {}

  bool TryLock() { return !locked_.exchange(true); }
  void Unlock();
  void SetScratch(const Scratch& scratch) { scratch_ = scratch; }

  /// Takes up to `max` packets, all in one memory, and describes them. They stay valid until Release, also
  /// when the peer goes away. Returns 0 if there are none, no connection, or no room in `budget`.
  uint32_t Burst(const PacketTable& table, uint32_t max, const SlotBudget& budget = {});
  /// Whether the last burst ended at a packet that its budget had no room for.
  bool short_of_room() const { return ring_ && ring_->short_of_room(); }
  /// Which memory the last burst lies in.
  uint32_t memory() const { return ring_ ? ring_->memory() : kScratchMemory; }
  BurstMemory bytes() const;
  /// Counts packets that are not dropped by a filter. Those of a burst are counted once their fate is known.
  void Count(uint64_t packets, uint64_t bytes);
  /// Gives the buffers of the last burst back to the peer.
  void Release();
  /// Sends those packets of the last burst on `to` that `choice` marks with `mark`, in their order: without a
  /// copy if the rings share their buffers. Returns how many; there was no room for the others. The peer sees
  /// them after `to.Publish`.
  uint32_t PassOn(const PacketTable& table, const Choice& choice, uint8_t mark, TxQueue& to);
  /// Keeps packet `i` of the last burst.
  RetainResult Retain(uint32_t i, Retained* retained);
  /// Returns false if the packet is of an earlier connection.
  bool GiveBack(uint64_t token);
  /// Where the buffers of the last burst come from; null if they are the connection's own.
  std::shared_ptr<BufferPool> pool() const { return ring_ ? ring_->link()->pool : nullptr; }

  /// Number of the connection that bursts come from, 0 without one. Memories of two connections are different
  /// even if their indexes are equal.
  uint32_t connection() const { return ring_ ? generation_ : 0; }
  std::shared_ptr<Region> Memory(uint32_t index);

  /// Whether the connection that bursts come from has ended. Packets left in its ring can still be received.
  bool Stale() const { return slot_->generation() != generation_; }
  /// Switches to the current connection, or to none. With `follow`, Burst does that by itself once the old
  /// connection is drained.
  void Refresh();
  void SetFollow(bool follow) { follow_ = follow; }
  /// The doorbell to wait on; -1 while not connected. Changes with Refresh only.
  int doorbell() const;
  /// Ends the connection, without which there is nothing to end.
  void Fail(const Fault& fault);
  /// Takes the rings of the doorbell so far. Call it before looking at the ring.
  void DrainDoorbell();
  void SetMaskInt(bool masked);

  RxCounters& counters() { return counters_; }

 private:
  bool PassOne(const PacketTable& table, uint32_t i, TxRing& to, bool shared);
  uint32_t TakeBurst(const PacketTable& table, uint32_t max, const SlotBudget& budget);
  void Drop();

  std::shared_ptr<LinkSlot> slot_;
  size_t index_;
  std::atomic<bool> locked_{false};
  Scratch scratch_;
  bool follow_ = true;
  uint32_t generation_ = 0;
  std::unique_ptr<RxRing> ring_;
  RxCounters counters_;
};

}  // namespace vpp_punt::memif
