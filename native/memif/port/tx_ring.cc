#include "memif/port/tx_ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vpp_punt::memif {

TxRing::TxRing(std::shared_ptr<Link> link, size_t index)
    : link_(std::move(link)),
      mine_(link_->tx[index]),
      client_(link_->role == Role::kClient),
      mask_(static_cast<uint16_t>(mine_.ring.size() - 1)),
      relay_(link_->relay ? &link_->relay->tx(index) : nullptr) {
  if (relay_ != nullptr) relayed_.resize(mine_.ring.size());
  reserved_.reserve(mine_.ring.size());
  pieces_.reserve(mine_.ring.size());
}

uint32_t TxRing::Unconsumed() {
  if (!client_)
    return 0;  // an M2S ring does not show what the client has read before it posts the slots again
  return std::min<uint32_t>(static_cast<uint16_t>(published_ - mine_.ring.LoadTail()), mine_.ring.size());
}

/// By the peer's index as last looked at, which has been found good.
inline uint32_t TxRing::KnownFree() const {
  const uint32_t written = static_cast<uint16_t>(next_ - published_);
  if (client_) return mine_.ring.size() - static_cast<uint16_t>(published_ - peer_index_) - written;
  return static_cast<uint16_t>(peer_index_ - published_) - written;
}

uint32_t TxRing::FreeSlots(uint32_t enough) {
  const uint32_t known_free = KnownFree();
  if (known_free >= enough) return known_free;
  const uint32_t size = mine_.ring.size();
  const uint16_t index = client_ ? mine_.ring.LoadTail() : mine_.ring.LoadHead();
  const uint32_t used_or_posted = static_cast<uint16_t>(client_ ? published_ - index : index - published_);
  if (used_or_posted > size) {
    link_->Fail("ring index jumped: " + std::to_string(used_or_posted) + " slots on a ring of " +
                std::to_string(size));
    return 0;
  }
  peer_index_ = index;
  return KnownFree();
}

SlotBudget TxRing::Budget(uint32_t enough) {
  SlotBudget budget;
  budget.slots = FreeSlots(enough);
  budget.ring_size = mine_.ring.size();
  if (client_) {
    budget.slot_size = link_->buffer_size;
  } else if (budget.slots > 0) {
    budget.slot_size = std::max<uint32_t>(mine_.ring.LoadDescriptor(next_).length, 1);
  }
  return budget;
}

/// The buffer of a free slot, as a private copy. A client's buffer is our own. A server's buffer comes from
/// the peer and is checked. A relay allocates another one.
bool TxRing::Slot(uint16_t index, memif_desc_t* desc) {
  if (relay_ != nullptr) [[unlikely]]
    return RelayedSlot(index, desc);
  return Buffer(index, desc);
}

inline bool TxRing::Buffer(uint16_t index, memif_desc_t* desc) {
  if (client_) {
    *desc = {0, mine_.buffer_region, link_->buffer_size, mine_.buffers[index & mask_], 0};
    return true;
  }
  *desc = mine_.ring.LoadDescriptor(index);
  bool inside = desc->region < link_->regions.size() && desc->length > 0 &&
                uint64_t{desc->offset} + desc->length <= link_->regions[desc->region]->size();
  if (inside) return true;
  link_->Fail("posted buffer outside its region: region " + std::to_string(desc->region) + ", offset " +
              std::to_string(desc->offset) + ", length " + std::to_string(desc->length));
  return false;
}

/// Callers ask for slots in their order.
bool TxRing::RelayedSlot(uint16_t index, memif_desc_t* desc) {
  for (; static_cast<uint16_t>(allocated_ - next_) <= static_cast<uint16_t>(index - next_); allocated_++) {
    memif_desc_t& buffer = relayed_[allocated_ & mask_];
    if (!Buffer(allocated_, &buffer)) return false;
    if (relay_->Allocate(&buffer)) continue;
    link_->Fail("the engine does not allocate a buffer");
    return false;
  }
  *desc = relayed_[index & mask_];
  return true;
}

uint32_t TxRing::Reserve(const PacketTable& table, uint32_t max) {
  const uint32_t most = std::min(max, table.capacity());
  const uint32_t limit = std::min(most, FreeSlots(most));
  if (client_ && relay_ == nullptr) return ReserveOwn(table, limit);
  reserved_.clear();
  for (uint32_t i = 0; i < limit; i++) {
    memif_desc_t desc;
    if (!Slot(static_cast<uint16_t>(next_ + i), &desc)) break;
    if (i == 0) memory_ = desc.region;
    if (desc.region != memory_) break;
    table.Set(i, desc.offset, desc.length);
    reserved_.push_back(desc);
  }
  return static_cast<uint32_t>(reserved_.size());
}

/// Our own buffers need no check: a loop that calls nothing takes a fifth of the time.
uint32_t TxRing::ReserveOwn(const PacketTable& table, uint32_t limit) {
  memory_ = mine_.buffer_region;
  reserved_.resize(limit);
  const memif_desc_t whole = {0, mine_.buffer_region, link_->buffer_size, 0, 0};
  const uint32_t* const buffers = mine_.buffers.data();
  memif_desc_t* const reserved = reserved_.data();
  uint32_t* const offsets = table.offsets();
  uint32_t* const lengths = table.lengths();
  for (uint32_t i = 0; i < limit; i++) {
    const uint32_t buffer = buffers[(next_ + i) & mask_];
    reserved[i] = whole;
    reserved[i].offset = buffer;
    offsets[i] = buffer;
    lengths[i] = whole.length;
  }
  return limit;
}

inline void TxRing::Write(const memif_desc_t& desc) {
  if (relay_ != nullptr) [[unlikely]] {
    relayed_[next_++ & mask_] = desc;
  } else {
    mine_.ring.ProduceDescriptor(next_++, desc);
  }
}

uint32_t TxRing::Commit(const uint32_t* lengths, uint32_t count) {
  const auto reserved = static_cast<uint32_t>(reserved_.size());
  // All of them before the first write: as server, a written slot no longer tells how large its buffer is.
  for (uint32_t i = 0; i < count; i++) {
    if (i >= reserved || lengths[i] == 0 || lengths[i] > reserved_[i].length) return i;
  }
  for (uint32_t i = 0; i < count; i++) {
    memif_desc_t desc = reserved_[i];
    desc.flags = 0;
    desc.length = lengths[i];
    Write(desc);
  }
  reserved_.clear();
  return count;
}

uint32_t TxRing::Fill(const uint8_t* data, uint32_t length, uint32_t count) const {
  const auto reserved = static_cast<uint32_t>(reserved_.size());
  if (reserved == 0) return 0;
  // All of them lie in one region.
  uint8_t* const memory = link_->regions[memory_]->data();
  for (uint32_t i = 0; i < count; i++) {
    if (i >= reserved || length > reserved_[i].length) return i;
    PrefetchForWrite(memory + reserved_[std::min<uint32_t>(i + kAhead, reserved - 1)].offset);
    memcpy(memory + reserved_[i].offset, data, length);
  }
  return count;
}

AppendResult TxRing::Append(const uint8_t* data, uint32_t length) {
  uint32_t free = FreeSlots(1);
  pieces_.clear();
  uint32_t left = length;
  while (left > 0) {
    memif_desc_t desc;
    if (pieces_.size() >= free && pieces_.size() >= (free = FreeSlots())) return AppendResult::kFull;
    if (!Slot(static_cast<uint16_t>(next_ + pieces_.size()), &desc)) return AppendResult::kDown;
    uint32_t part = std::min(left, desc.length);
    memcpy(link_->regions[desc.region]->data() + desc.offset, data + (length - left), part);
    left -= part;
    desc.length = part;
    desc.flags = left > 0 ? kDescFlagNext : 0;
    pieces_.push_back(desc);
  }
  for (const memif_desc_t& piece : pieces_) Write(piece);
  return AppendResult::kDone;
}

/// Copies the packets from `first` on that fit one slot each, as long as there are slots. Returns how many.
inline uint32_t TxRing::AppendWhole(const PacketList& packets, uint32_t first) {
  const uint32_t left = packets.count - first;
  const uint32_t limit = std::min(left, FreeSlots(left));
  if (client_) return AppendOwn(packets, first, limit);
  for (uint32_t i = 0; i < limit; i++) {
    memif_desc_t desc;
    const uint32_t length = packets.lengths[first + i];
    if (!Buffer(next_, &desc) || length > desc.length) return i;
    memcpy(link_->regions[desc.region]->data() + desc.offset, packets.base + packets.offsets[first + i],
           length);
    desc.flags = 0;
    desc.length = length;
    mine_.ring.StoreDescriptor(next_++, desc);
  }
  return limit;
}

/// Nothing in the loop depends on memory that the peer can write.
inline uint32_t TxRing::AppendOwn(const PacketList& packets, uint32_t first, uint32_t limit) {
  uint8_t* const memory = link_->regions[mine_.buffer_region]->data();
  const uint32_t* const buffers = mine_.buffers.data();
  const memif_desc_t whole = {0, mine_.buffer_region, link_->buffer_size, 0, 0};
  Ring ring = mine_.ring;
  for (uint32_t i = 0; i < limit; i++) {
    const uint32_t length = packets.lengths[first + i];
    if (length > whole.length) return i;
    PrefetchForWrite(memory + buffers[(next_ + kAhead) & mask_]);
    memif_desc_t desc = whole;
    desc.length = length;
    desc.offset = buffers[next_ & mask_];
    memcpy(memory + desc.offset, packets.base + packets.offsets[first + i], length);
    ring.ProduceDescriptor(next_++, desc);
  }
  return limit;
}

uint32_t TxRing::AppendAll(const PacketList& packets) {
  uint32_t done = 0;
  while (done < packets.count) {
    if (relay_ == nullptr) done += AppendWhole(packets, done);
    if (done == packets.count) break;
    // The packet takes several slots, or finds no room.
    if (Append(packets.base + packets.offsets[done], packets.lengths[done]) != AppendResult::kDone) break;
    done++;
  }
  return done;
}

bool TxRing::TakesBuffersOf(const std::shared_ptr<Region>& region, uint32_t buffer_size) const {
  return client_ && relay_ == nullptr && link_->buffer_size == buffer_size &&
         link_->regions[mine_.buffer_region] == region;
}

void TxRing::Exchange(uint32_t* buffer, uint32_t offset, uint32_t length) {
  std::swap(*buffer, mine_.buffers[next_ & mask_]);
  mine_.ring.ProduceDescriptor(next_++, {0, mine_.buffer_region, length, offset, 0});
}

/// Moves the written packets through the relay into the ring.
bool TxRing::Relay() {
  departing_.clear();
  for (uint16_t slot = published_; slot != next_; slot++) departing_.push_back(relayed_[slot & mask_]);
  if (!relay_->Send(departing_.data(), static_cast<uint32_t>(departing_.size()))) {
    link_->Fail("the engine does not send");
    return false;
  }
  uint16_t slot = published_;
  for (const memif_desc_t& desc : departing_) mine_.ring.StoreDescriptor(slot++, desc);
  return true;
}

/// Returns false if there was nothing new.
bool TxRing::Publish() {
  if (published_ == next_) return false;
  if (relay_ != nullptr && !Relay()) return false;
  published_ = next_;
  if (client_) {
    mine_.ring.StoreHead(published_);
  } else {
    mine_.ring.StoreTail(published_);
  }
  return true;
}

/// Returns false if the peer did not want it.
bool TxRing::RingDoorbell() {
  if (!mine_.ring.WantsDoorbell()) return false;
  mine_.ringer.Ring();
  return true;
}

}  // namespace vpp_punt::memif
