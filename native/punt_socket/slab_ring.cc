#include "punt_socket/slab_ring.h"

#include <cstring>

namespace vpp_punt::punt_socket {

namespace {

constexpr uint64_t RoundUp(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

bool SlabRing::Append(const uint8_t* datagram, size_t length) {
  const size_t needed = RoundUp(offsetof(Record, desc) + length, 8);
  const uint64_t head = head_.load(std::memory_order_relaxed);
  const uint64_t left_in_slab = kSlab - head % kSlab;
  const uint64_t start = needed <= left_in_slab ? head : head + left_in_slab;
  // The consumer keeps its slab up to the last record: LeaveSlab() wipes it whole.
  const uint64_t in_use = tail_.load(std::memory_order_acquire) / kSlab * kSlab;
  if (start + needed - in_use > size_) return false;
  // Positions are multiples of 8, and a slab that is full to the last byte needs no mark.
  if (start != head) At(head)->length = kNextSlab;
  Record* record = At(start);
  record->length = static_cast<uint32_t>(length - sizeof(punt_packetdesc_t));
  memcpy(&record->desc, datagram, length);
  head_.store(start + needed, std::memory_order_release);
  return true;
}

uint32_t SlabRing::Peek(PacketTable* table, uint32_t* slab) {
  const uint64_t head = head_.load(std::memory_order_acquire);
  uint64_t at = tail_.load(std::memory_order_relaxed);
  if (at < head && At(at)->length == kNextSlab) at = RoundUp(at + 1, kSlab);
  const uint64_t slab_start = at / kSlab * kSlab;
  uint32_t count = 0;
  while (at < head && count < table->capacity() && at - slab_start < kSlab) {
    const Record* record = At(at);
    if (record->length == kNextSlab) break;
    const uint32_t offset = static_cast<uint32_t>(at - slab_start + sizeof(Record));
    table->Set(count++, offset, record->length, record->desc.sw_if_index);
    at += RoundUp(sizeof(Record) + record->length, 8);
  }
  *slab = static_cast<uint32_t>(slab_start % size_ / kSlab);
  shown_ = at;
  return count;
}

void SlabRing::Release() {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (shown_ <= tail) return;
  if (shown_ / kSlab != tail / kSlab) LeaveSlab(tail);
  tail_.store(shown_, std::memory_order_release);
}

void SlabRing::Rewind() {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == 0) return;
  LeaveSlab(tail);
  head_.store(0, std::memory_order_relaxed);
  tail_.store(0, std::memory_order_relaxed);
  shown_ = 0;
}

/// A backlog is rare and may be large: its memory is given back.
void SlabRing::LeaveSlab(uint64_t position) {
  const size_t start = position % size_ / kSlab * kSlab;
  if (start / kSlab >= kKeptSlabs) memory_->Discard(start, kSlab);
}

}  // namespace vpp_punt::punt_socket
