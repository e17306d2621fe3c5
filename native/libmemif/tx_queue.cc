#include "libmemif/tx_queue.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace vpp_punt::libmemif {

void TxQueue::Drop() {
  free_.clear();
  staged_.clear();
  staged_packets_ = staged_bytes_ = 0;
  failed_ = false;
}

void TxQueue::Unclaim() {
  Drop();
  connection_.reset();
  generation_ = 0;
  claimed_.store(false);
}

void TxQueue::Refresh() {
  if (!slot_->mutex) return;
  std::shared_lock lock(*slot_->mutex);
  TakeUp();
}

void TxQueue::TakeUp() {
  if (slot_->generation == generation_) return;
  Drop();
  generation_ = slot_->generation;
  connection_ = slot_->connection;
  if (connection_ && index_ >= connection_->tx_queues) connection_.reset();
  if (connection_) taken_.resize(connection_->ring_size + 1);
}

void TxQueue::Fail(const std::string& reason) {
  failed_ = true;
  slot_->violated(generation_, reason);
}

/// As server a buffer's size is the peer's to say, and the library tells it only by how it would cut a
/// packet: so packets of the largest size are asked for, then smaller ones for what is left of the ring.
void TxQueue::TopUp() {
  for (uint32_t size = UINT16_MAX; size > 0 && !failed_;) {
    uint16_t count = 0;
    memif_buffer_alloc(connection_->handle, index_, taken_.data(), 1, &count, static_cast<uint16_t>(size));
    if (count == 0) size /= 2;
    for (uint16_t i = 0; i < count && !failed_; i++) {
      if (!Keep(taken_[i])) Fail("descriptor outside the peer's memory");
    }
  }
}

bool TxQueue::Keep(const memif_buffer_t& buffer) {
  const std::optional<Place> place = connection_->Locate(buffer.data, buffer.len);
  if (!place) return false;
  free_.push_back({buffer, *place, buffer.len});
  return true;
}

uint32_t TxQueue::FreeSlots() {
  std::shared_lock lock(*slot_->mutex);
  TakeUp();
  if (!Usable()) return 0;
  TopUp();
  return static_cast<uint32_t>(free_.size());
}

uint32_t TxQueue::Reserve(const memif::BatchColumns& columns, uint32_t max) {
  std::shared_lock lock(*slot_->mutex);
  TakeUp();
  if (!Usable()) return 0;
  if (free_.size() < max) TopUp();
  uint32_t count = 0;
  for (const Free& each : free_) {
    if (count == 0) memory_ = each.place.region;
    if (count == std::min(max, columns.capacity) || each.place.region != memory_) break;
    columns.offsets[count] = each.place.offset;
    columns.lengths[count++] = each.room;
  }
  return count;
}

void TxQueue::Stage(uint32_t length, bool more) {
  memif_buffer_t buffer = free_.front().buffer;
  free_.pop_front();
  buffer.len = length;
  buffer.flags = more ? MEMIF_BUFFER_FLAG_NEXT : 0;
  staged_.push_back(buffer);
}

uint32_t TxQueue::Commit(const uint32_t* lengths, uint32_t count) {
  std::shared_lock lock(*slot_->mutex);
  if (!Usable() || count > free_.size()) return 0;
  for (uint32_t i = 0; i < count; i++) {
    if (lengths[i] == 0 || lengths[i] > free_[i].room) return i;
  }
  for (uint32_t i = 0; i < count; i++) {
    Stage(lengths[i], false);
    staged_bytes_ += lengths[i];
  }
  staged_packets_ += count;
  SendStaged();
  return count;
}

/// How many free slots a packet takes; 0: there are not enough.
uint32_t TxQueue::RoomFor(uint32_t length) const {
  uint64_t room = 0;
  uint32_t count = 0;
  for (const Free& each : free_) {
    room += each.room;
    count++;
    if (room >= length) return count;
  }
  return 0;
}

AppendResult TxQueue::Append(const uint8_t* data, uint32_t length) {
  std::shared_lock lock(*slot_->mutex);
  TakeUp();
  if (!Usable()) return AppendResult::kDown;
  uint32_t slots = RoomFor(length);
  if (slots == 0) {
    TopUp();
    slots = RoomFor(length);
  }
  if (slots == 0) return AppendResult::kFull;
  staged_packets_++;
  staged_bytes_ += length;
  for (; slots > 0; slots--) {
    const uint32_t part = std::min(length, free_.front().room);
    memcpy(free_.front().buffer.data, data, part);
    Stage(part, slots > 1);
    data += part;
    length -= part;
  }
  return AppendResult::kDone;
}

void TxQueue::Publish() {
  std::shared_lock lock(*slot_->mutex);
  if (Usable() && slot_->generation == generation_) SendStaged();
}

void TxQueue::SendStaged() {
  if (staged_.empty()) return;
  uint16_t sent = 0;
  memif_tx_burst(connection_->handle, index_, staged_.data(), static_cast<uint16_t>(staged_.size()), &sent);
  counters_.packets.Add(staged_packets_);
  counters_.bytes.Add(staged_bytes_);
  counters_.bursts.Add(1);
  counters_.doorbells.Add(1);
  staged_.clear();
  staged_packets_ = staged_bytes_ = 0;
}

std::shared_ptr<Region> TxQueue::Memory(uint32_t index) {
  if (!connection_ || index >= connection_->regions.size()) return nullptr;
  return connection_->regions[index];
}

}  // namespace vpp_punt::libmemif
