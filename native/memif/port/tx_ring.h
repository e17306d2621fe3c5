// Sending on one ring of one connection.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "memif/shared/link.h"
#include "util/packet_table.h"

namespace vpp_punt::memif {

enum class AppendResult { kDone, kFull, kDown };

/// Packets to copy: where each lies from `base` on, and its length, which is at least 1.
struct PacketList {
  const uint8_t* base;
  const uint32_t* offsets;
  const uint32_t* lengths;
  uint32_t count;
};

/// Room in a ring.
struct SlotBudget {
  uint32_t slots = UINT32_MAX;      // free
  uint32_t slot_size = UINT32_MAX;  // bytes
  uint32_t ring_size = UINT32_MAX;  // slots, free or not

  uint32_t Needed(uint32_t length) const { return length <= slot_size ? 1 : (length - 1) / slot_size + 1; }
  /// Whether the ring has no room for such a packet at any time.
  bool IsTooLong(uint32_t length) const { return Needed(length) > ring_size; }
};

/// The ring from the sender's side. As client (S2M) we produce at head into our own buffers, and the peer
/// returns at tail. As server (M2S) the peer posts its buffers at head, and we fill them at tail.
class TxRing {
 public:
  TxRing(std::shared_ptr<Link> link, size_t index);

  uint32_t Reserve(const PacketTable& table, uint32_t max);
  /// Other packets take the slots of the last Reserve: Commit sends nothing of them.
  void EndReservation() { reserved_.clear(); }
  uint32_t Commit(const uint32_t* lengths, uint32_t count);
  /// Copies one packet into the first `count` reserved slots. Returns `count`, or the first slot that it does
  /// not fit.
  uint32_t Fill(const uint8_t* data, uint32_t length, uint32_t count) const;
  AppendResult Append(const uint8_t* data, uint32_t length);
  /// Copies packets in their order as long as there is room; returns how many.
  uint32_t AppendAll(const PacketList& packets);
  /// Whether its slots take over buffers of `region` in exchange for their own.
  bool TakesBuffersOf(const std::shared_ptr<Region>& region, uint32_t buffer_size) const;
  /// Sends `length` bytes at `offset`, which lie in `*buffer`: the next slot takes that buffer over and gives
  /// its own for it. The caller has looked for a free slot.
  void Exchange(uint32_t* buffer, uint32_t offset, uint32_t length);
  bool Publish();
  bool RingDoorbell();

  /// Slots that can be written now. If the last look at the peer's index gives `enough` of them, it does not
  /// look again: a look takes the cache line from the peer.
  uint32_t FreeSlots(uint32_t enough = UINT32_MAX);
  /// The same with the size of a slot. As server that is the next slot's, for all of them.
  SlotBudget Budget(uint32_t enough);
  /// The peer's index, as last looked at.
  uint16_t peer_index() const { return peer_index_; }
  /// Slots that the peer has been given and has not taken.
  uint32_t Unconsumed();
  uint32_t memory() const { return memory_; }
  const std::shared_ptr<Link>& link() const { return link_; }

 private:
  uint32_t KnownFree() const;
  uint32_t AppendWhole(const PacketList& packets, uint32_t first);
  uint32_t AppendOwn(const PacketList& packets, uint32_t first, uint32_t limit);
  uint32_t ReserveOwn(const PacketTable& table, uint32_t limit);
  bool Slot(uint16_t index, memif_desc_t* desc);
  bool Buffer(uint16_t index, memif_desc_t* desc);
  bool RelayedSlot(uint16_t index, memif_desc_t* desc);
  void Write(const memif_desc_t& desc);
  bool Relay();

  std::shared_ptr<Link> link_;
  LinkRing& mine_;
  const bool client_;
  const uint16_t mask_;
  uint16_t published_ = 0;              // slots before it are the peer's
  uint16_t peer_index_ = 0;             // the peer's index, as last looked at
  uint16_t next_ = 0;                   // slots before it are written
  uint32_t memory_ = 0;                 // of the last Reserve
  std::vector<memif_desc_t> reserved_;  // private copies
  std::vector<memif_desc_t> pieces_;
  TxRelay* const relay_;
  uint16_t allocated_ = 0;               // slots before it have been allocated by the relay
  std::vector<memif_desc_t> relayed_;    // by slot: allocated, then written
  std::vector<memif_desc_t> departing_;  // on their way through it
};

}  // namespace vpp_punt::memif
