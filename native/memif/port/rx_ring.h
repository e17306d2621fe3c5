// Receiving from one ring of one connection.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "memif/port/counters.h"
#include "memif/port/scratch.h"
#include "memif/port/tx_ring.h"
#include "memif/shared/link.h"
#include "util/packet_table.h"

namespace vpp_punt::memif {

/// Longest packet that is handed on. A longer chain is dropped and counted.
constexpr uint32_t kMaxPacket = 65535;

/// A packet kept beyond its burst.
struct Retained {
  std::shared_ptr<Region> region;
  uint32_t offset = 0;
  uint32_t length = 0;
  uint64_t token = 0;  // for RxQueue::GiveBack
};

enum class RetainResult { kDone, kScattered, kNoSpare, kAlready };

/// The ring from the receiver's side, whichever side laid it out. As server (S2M) the peer produces at head
/// and we return slots at tail, in order. As client (M2S) the peer fills at tail and we post slots again at
/// head.
class RxRing {
 public:
  RxRing(std::shared_ptr<Link> link, size_t index, RxCounters& counters);
  /// Leaves the spare buffers to the link, which gives them back to the pool.
  ~RxRing();
  RxRing(const RxRing&) = delete;
  RxRing& operator=(const RxRing&) = delete;

  /// The packets need no more slots than `budget` has.
  uint32_t Take(const PacketTable& table, uint32_t max, const Scratch& scratch, const SlotBudget& budget);
  /// Whether the last burst ended at a packet that the budget has no room for.
  bool short_of_room() const { return short_of_room_; }
  void Release();
  /// Whether a packet can move to `to` with its buffer.
  bool SharesBuffersWith(const TxRing& to) const {
    return client_ && relay_ == nullptr &&
           to.TakesBuffersOf(link_->regions[mine_.buffer_region], link_->buffer_size);
  }
  /// Moves packet `i` of the burst, which lies at `offset`, to a free slot of `to` with its buffer. False if
  /// it has to be copied. For rings that share their buffers.
  bool Exchange(uint32_t i, uint32_t offset, uint32_t length, TxRing& to);
  RetainResult Retain(uint32_t i, Retained* retained);
  void GiveBack(uint64_t key);

  /// No slot is added from now on: the peer is gone, but still has the memory.
  void Freeze();
  bool Empty() const { return frozen_ && cursor_ == end_; }
  /// Slots that were never handed out.
  uint32_t Unread() const { return static_cast<uint16_t>(Produced() - cursor_); }

  uint32_t memory() const { return memory_; }
  const std::shared_ptr<Link>& link() const { return link_; }
  LinkRing& link_ring() { return mine_; }

 private:
  struct Piece {
    uint32_t region;
    uint32_t offset;
    uint32_t length;
  };
  struct PacketSlots {
    uint16_t first;
    uint16_t count;
  };
  enum class Outcome { kPacket, kDropped, kStop };

  uint16_t Produced() const {
    return link_->role == Role::kServer ? mine_.ring.LoadHead() : mine_.ring.LoadTail();
  }
  template <bool kRelayed>
  uint32_t TakePackets(const PacketTable& table, uint32_t max, const Scratch& scratch);
  uint32_t Available();
  uint32_t Relayed(uint32_t packets);
  uint32_t CollectWhole(uint32_t packets);
  /// A private copy of a slot's descriptor, for Check.
  memif_desc_t Load(uint16_t slot) const {
    return relay_ == nullptr ? mine_.ring.LoadDescriptor(slot) : relayed_[slot & mask_];
  }
  bool Check(const memif_desc_t& desc, uint16_t slot);
  uint32_t TakeOwn(const PacketTable& table, uint32_t most);
  bool TakeSlot(const memif_desc_t& desc, const PacketTable& table);
  Outcome TakeChain(uint32_t left, const PacketTable& table, const Scratch& scratch);
  bool CollectChain(uint32_t left);
  Outcome PlacePacket(uint32_t length, const PacketTable& table, const Scratch& scratch);
  bool Contiguous() const;
  /// Whether the budget has room for one more packet. The limit of a burst counts a slot for each.
  bool Affordable(uint32_t length) {
    return (length <= budget_.slot_size && further_slots_ == 0) || TakeFurtherSlots(length);
  }
  bool TakeFurtherSlots(uint32_t length);
  bool CopyToScratch(uint32_t length, const PacketTable& table, const Scratch& scratch);
  void Describe(const PacketTable& table, uint32_t offset, uint32_t length, uint16_t slots);
  void Post();
  void Return();
  void Fail(const std::string& reason) { link_->Fail(reason); }

  std::shared_ptr<Link> link_;
  LinkRing& mine_;
  RxCounters& counters_;
  const bool client_;
  const uint16_t mask_;
  uint16_t cursor_ = 0;    // next slot to read
  uint16_t released_ = 0;  // slots before it are not in use by a burst
  uint16_t returned_ = 0;  // slots before it are the peer's again
  uint16_t end_ = 0;       // when frozen
  bool frozen_ = false;
  uint32_t memory_ = kScratchMemory;  // of this burst
  uint32_t count_ = 0;                // packets in this burst
  uint32_t scratch_used_ = 0;
  SlotBudget budget_;           // of this burst
  uint32_t further_slots_ = 0;  // of the budget, for packets that need more than one
  bool short_of_room_ = false;
  std::vector<Piece> pieces_;       // of the packet being taken
  std::vector<PacketSlots> slots_;  // of each packet of the burst
  std::vector<uint8_t> retained_;   // by slot
  RxRelay* const relay_;
  uint16_t relayed_end_ = 0;            // slots from the cursor up to here have come through the relay
  std::vector<memif_desc_t> relayed_;   // by slot
  std::vector<memif_desc_t> arriving_;  // on their way through it
  std::vector<uint32_t> spares_;        // buffers in no slot, as client
};

}  // namespace vpp_punt::memif
