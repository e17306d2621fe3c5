#include "memif/port/rx_ring.h"

#include <algorithm>
#include <cstring>

namespace vpp_punt::memif {

RxRing::RxRing(std::shared_ptr<Link> link, size_t index, RxCounters& counters)
    : link_(std::move(link)),
      mine_(link_->rx[index]),
      counters_(counters),
      client_(link_->role == Role::kClient),
      mask_(static_cast<uint16_t>(mine_.ring.size() - 1)),
      relay_(link_->relay ? &link_->relay->rx(index) : nullptr) {
  if (relay_ != nullptr) relayed_.resize(mine_.ring.size());
  pieces_.reserve(mine_.ring.size());
  retained_.resize(mine_.ring.size());
  if (!client_) return;
  spares_.assign(mine_.buffers.begin() + mine_.ring.size(), mine_.buffers.end());
  mine_.buffers.resize(mine_.ring.size());
}

RxRing::~RxRing() {
  mine_.buffers.insert(mine_.buffers.end(), spares_.begin(), spares_.end());
}

void RxRing::Freeze() {
  if (frozen_) return;
  end_ = static_cast<uint16_t>(cursor_ + Available());
  frozen_ = true;
}

uint32_t RxRing::Available() {
  if (frozen_) return static_cast<uint16_t>(end_ - cursor_);
  uint32_t available = static_cast<uint16_t>(Produced() - cursor_);
  // The peer can have filled only the slots that it was given: the whole ring less the slots that we still
  // hold.
  uint32_t limit = mine_.ring.size() - static_cast<uint16_t>(cursor_ - returned_);
  if (available <= limit) return available;
  Fail("ring index jumped by " + std::to_string(available) + " slots of " + std::to_string(limit));
  return 0;
}

/// Moves at most `packets` whole packets through the relay. Returns how many slots there are to take.
uint32_t RxRing::Relayed(uint32_t packets) {
  uint32_t ready = static_cast<uint16_t>(relayed_end_ - cursor_);
  if (ready > 0) return ready;
  uint32_t count = CollectWhole(packets);
  if (count == 0) return 0;
  if (!relay_->Receive(arriving_.data(), count)) {
    Fail("the engine does not take what was received");
    return 0;
  }
  for (uint32_t i = 0; i < count; i++) relayed_[relayed_end_++ & mask_] = arriving_[i];
  return count;
}

/// Collects private copies of the arrived descriptors, up to the first bad one. Returns how many slots have
/// whole packets.
uint32_t RxRing::CollectWhole(uint32_t packets) {
  uint32_t left = Available();
  uint32_t whole = 0;
  arriving_.clear();
  while (arriving_.size() < left && packets > 0) {
    uint16_t slot = static_cast<uint16_t>(cursor_ + arriving_.size());
    memif_desc_t desc = mine_.ring.LoadDescriptor(slot);
    if (!Check(desc, slot)) return whole;
    arriving_.push_back(desc);
    if (desc.flags & kDescFlagNext) continue;
    whole = static_cast<uint32_t>(arriving_.size());
    packets--;
  }
  if (whole == 0 && arriving_.size() == mine_.ring.size()) Fail("chain without an end");
  return whole;
}

/// Whether the packet lies in a buffer of `size` bytes at `buffer`.
static inline bool LiesIn(const memif_desc_t& desc, uint32_t buffer, uint32_t size) {
  const uint32_t start = desc.offset - buffer;  // a high number if it begins before the buffer
  return start <= size && desc.length <= size - start;
}

/// Whether the packet has this slot alone, and a length that a packet can have.
static inline bool IsWhole(const memif_desc_t& desc) {
  return !(desc.flags & kDescFlagNext) && desc.length - 1 < kMaxPacket;
}

/// Whether a descriptor, already copied, names memory that the peer may hand us.
bool RxRing::Check(const memif_desc_t& desc, uint16_t slot) {
  if (client_) {
    // It must lie in the buffer that we gave this slot.
    if (desc.region == mine_.buffer_region && LiesIn(desc, mine_.buffers[slot & mask_], link_->buffer_size))
      return true;
    Fail("descriptor outside the slot's buffer: region " + std::to_string(desc.region) + ", offset " +
         std::to_string(desc.offset) + ", length " + std::to_string(desc.length));
    return false;
  }
  if (desc.region >= link_->regions.size()) {
    Fail("descriptor names region " + std::to_string(desc.region) + " of " +
         std::to_string(link_->regions.size()));
    return false;
  }
  if (uint64_t{desc.offset} + desc.length <= link_->regions[desc.region]->size()) return true;
  Fail("descriptor outside its region: offset " + std::to_string(desc.offset) + ", length " +
       std::to_string(desc.length));
  return false;
}

uint32_t RxRing::Take(const PacketTable& table, uint32_t max, const Scratch& scratch,
                      const SlotBudget& budget) {
  budget_ = budget;
  further_slots_ = 0;
  return relay_ == nullptr ? TakePackets<false>(table, max, scratch) : TakePackets<true>(table, max, scratch);
}

/// Compiled once for each source of descriptors: looking for a relay at every packet costs a tenth of the
/// rate.
template <bool kRelayed>
uint32_t RxRing::TakePackets(const PacketTable& table, uint32_t max, const Scratch& scratch) {
  const uint32_t limit = std::min({max, table.capacity(), budget_.slots});
  uint32_t left = kRelayed ? Relayed(limit) : Available();
  if (slots_.size() < table.capacity()) slots_.resize(table.capacity());
  count_ = 0;
  scratch_used_ = 0;
  short_of_room_ = false;
  if (!kRelayed && client_ && !scratch.copy_all) left -= TakeOwn(table, std::min(left, limit));
  while (left > 0 && count_ < limit) {
    uint16_t before = cursor_;
    memif_desc_t desc = kRelayed ? relayed_[cursor_ & mask_] : mine_.ring.LoadDescriptor(cursor_);
    if (IsWhole(desc) && !scratch.copy_all) {
      if (!TakeSlot(desc, table)) break;
    } else if (TakeChain(left, table, scratch) == Outcome::kStop) {
      break;
    }
    left -= static_cast<uint16_t>(cursor_ - before);
  }
  return count_;
}

/// Takes packets in our own buffers, one slot each, up to the first that is anything else; returns how many.
/// A loop that calls nothing, and knows that no store changes where things are, takes a quarter less time.
uint32_t RxRing::TakeOwn(const PacketTable& table, uint32_t most) {
  const Ring ring = mine_.ring;
  const uint16_t region = mine_.buffer_region;
  const uint8_t* const memory = link_->regions[region]->data();
  const uint32_t* const buffers = mine_.buffers.data();
  // A packet that takes several slots where it goes is anything else too.
  const uint32_t size = std::min(link_->buffer_size, budget_.slot_size);
  PacketSlots* const slots = slots_.data();
  uint16_t slot = cursor_;
  uint32_t taken = 0;
  for (; taken < most; taken++, slot++) {
    const memif_desc_t desc = ring.LoadDescriptor(slot);
    if (!IsWhole(desc) || desc.region != region || !LiesIn(desc, buffers[slot & mask_], size)) break;
    // The handler will read it soon: many misses at a time cost little more than one.
    __builtin_prefetch(memory + desc.offset);
    table.Set(taken, desc.offset, desc.length);
    slots[taken] = {slot, 1};
  }
  memory_ = region;
  count_ = taken;
  cursor_ = slot;
  return taken;
}

/// Takes a packet in one slot, which is the common case. False ends the burst.
bool RxRing::TakeSlot(const memif_desc_t& desc, const PacketTable& table) {
  if (!Check(desc, cursor_)) return false;
  if (count_ == 0) memory_ = desc.region;
  if (desc.region != memory_ || !Affordable(desc.length)) return false;
  // The handler will read it soon: many misses at a time cost little more than one.
  __builtin_prefetch(link_->regions[desc.region]->data() + desc.offset);
  Describe(table, desc.offset, desc.length, 1);
  return true;
}

/// A packet that is too long for the ring at any time needs none: it holds up no other.
bool RxRing::TakeFurtherSlots(uint32_t length) {
  if (budget_.IsTooLong(length)) return true;
  const uint32_t needed = budget_.Needed(length);
  short_of_room_ = count_ + further_slots_ + needed > budget_.slots;
  if (!short_of_room_) further_slots_ += needed - 1;
  return !short_of_room_;
}

void RxRing::Describe(const PacketTable& table, uint32_t offset, uint32_t length, uint16_t slots) {
  table.Set(count_, offset, length);
  slots_[count_] = {cursor_, slots};
  cursor_ = static_cast<uint16_t>(cursor_ + slots);
  count_++;
}

/// Collects private copies of the descriptors of the packet at the cursor. Returns false if its end is not
/// there (yet), or a descriptor is bad.
bool RxRing::CollectChain(uint32_t left) {
  pieces_.clear();
  for (uint32_t i = 0; i < left; i++) {
    uint16_t slot = static_cast<uint16_t>(cursor_ + i);
    memif_desc_t desc = Load(slot);
    if (!Check(desc, slot)) return false;
    pieces_.push_back({desc.region, desc.offset, desc.length});
    if (!(desc.flags & kDescFlagNext)) return true;
  }
  // With the whole ring in it, the end cannot come any more.
  if (left == mine_.ring.size()) Fail("chain without an end");
  return false;
}

RxRing::Outcome RxRing::TakeChain(uint32_t left, const PacketTable& table, const Scratch& scratch) {
  if (!CollectChain(left)) return Outcome::kStop;
  uint64_t length = 0;
  for (const Piece& piece : pieces_) length += piece.length;
  if (length == 0 || length > kMaxPacket) {
    (length == 0 ? counters_.dropped_empty : counters_.dropped_oversize).Add(1);
    cursor_ = static_cast<uint16_t>(cursor_ + pieces_.size());
    return Outcome::kDropped;
  }
  return PlacePacket(static_cast<uint32_t>(length), table, scratch);
}

/// Whether each piece begins at the end of the one before, as in neighboring slots that are filled to the
/// end.
bool RxRing::Contiguous() const {
  for (size_t i = 1; i < pieces_.size(); i++) {
    const Piece& before = pieces_[i - 1];
    if (pieces_[i].region != before.region || pieces_[i].offset != uint64_t{before.offset} + before.length)
      return false;
  }
  return true;
}

RxRing::Outcome RxRing::PlacePacket(uint32_t length, const PacketTable& table, const Scratch& scratch) {
  bool in_place = !scratch.copy_all && Contiguous();
  uint32_t memory = in_place ? pieces_[0].region : kScratchMemory;
  if (count_ == 0) memory_ = memory;
  if (memory != memory_ || !Affordable(length)) return Outcome::kStop;
  if (!in_place) {
    if (!CopyToScratch(length, table, scratch)) return Outcome::kStop;
  } else {
    Describe(table, pieces_[0].offset, length, static_cast<uint16_t>(pieces_.size()));
  }
  if (pieces_.size() > 1) counters_.chained.Add(1);
  return Outcome::kPacket;
}

/// Returns false if the scratch memory is full: the packet opens the next burst.
bool RxRing::CopyToScratch(uint32_t length, const PacketTable& table, const Scratch& scratch) {
  if (scratch.size - scratch_used_ < length) return false;
  uint8_t* to = scratch.data + scratch_used_;
  for (const Piece& piece : pieces_) {
    memcpy(to, link_->regions[piece.region]->data() + piece.offset, piece.length);
    to += piece.length;
  }
  Describe(table, scratch_used_, length, static_cast<uint16_t>(pieces_.size()));
  scratch_used_ += length;
  counters_.copied.Add(1);
  return true;
}

void RxRing::Release() {
  if (relay_ != nullptr) relay_->Release(static_cast<uint16_t>(cursor_ - released_));
  if (client_) return Post();
  released_ = cursor_;
  Return();
}

/// As client: every slot gets a whole buffer again, whatever the peer has left in its descriptor.
void RxRing::Post() {
  if (released_ == cursor_) return;
  memif_desc_t desc = {0, mine_.buffer_region, link_->buffer_size, 0, 0};
  Ring ring = mine_.ring;
  const uint32_t* const buffers = mine_.buffers.data();
  uint8_t* const retained = retained_.data();
  for (uint16_t next = released_; next != cursor_; next++) {
    const uint16_t slot = next & mask_;
    desc.offset = buffers[slot];
    ring.StoreDescriptor(slot, desc);
    retained[slot] = 0;
  }
  returned_ = released_ = cursor_;
  ring.StoreHead(static_cast<uint16_t>(returned_ + mine_.ring.size()));
}

/// As server: slots go back in order, up to the first retained slot.
void RxRing::Return() {
  uint16_t before = returned_;
  while (returned_ != released_ && !retained_[returned_ & mask_]) returned_++;
  if (returned_ != before) mine_.ring.StoreTail(returned_);
}

/// The range is checked once more: the table that it comes from is JavaScript's memory.
bool RxRing::Exchange(uint32_t i, uint32_t offset, uint32_t length, TxRing& to) {
  const PacketSlots slots = slots_[i];
  const uint16_t slot = slots.first & mask_;
  if (slots.count != 1 || memory_ == kScratchMemory || retained_[slot]) return false;
  uint32_t& buffer = mine_.buffers[slot];
  if (offset < buffer || uint64_t{offset} - buffer + length > link_->buffer_size) return false;
  to.Exchange(&buffer, offset, length);
  return true;
}

RetainResult RxRing::Retain(uint32_t i, Retained* retained) {
  if (memory_ == kScratchMemory) return RetainResult::kScattered;
  PacketSlots slots = slots_[i];
  uint16_t slot = slots.first & mask_;
  if (retained_[slot]) return RetainResult::kAlready;
  if (client_) {
    // A spare takes its place; for a chain that would have to be neighbors.
    if (slots.count > 1) return RetainResult::kScattered;
    if (spares_.empty()) return RetainResult::kNoSpare;
    retained->token = mine_.buffers[slot];
    mine_.buffers[slot] = spares_.back();
    spares_.pop_back();
  } else {
    // The slots after it wait for it: half of the ring stays with the peer.
    if (static_cast<uint16_t>(slots.first - returned_) >= mine_.ring.size() / 2)
      return RetainResult::kNoSpare;
    retained->token = slot;
  }
  retained_[slot] = 1;
  retained->region = link_->regions[memory_];
  return RetainResult::kDone;
}

void RxRing::GiveBack(uint64_t key) {
  if (client_) return spares_.push_back(static_cast<uint32_t>(key));
  retained_[key] = 0;
  Return();
}

}  // namespace vpp_punt::memif
