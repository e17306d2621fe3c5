#include "libmemif/rx_queue.h"

#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace vpp_punt::libmemif {

void RxQueue::Unclaim() {
  if (slot_->mutex) {
    std::shared_lock lock(*slot_->mutex);
    counters_.lost.Add(pieces_.size() - delivered_);
    pieces_.clear();
    delivered_ = 0;
    connection_.reset();
    generation_ = 0;
  }
  claimed_.store(false);
}

void RxQueue::Refresh() {
  std::shared_lock lock(*slot_->mutex);
  if (!Stale()) return;
  pieces_.clear();
  delivered_ = 0;
  held_ = 0;
  failed_ = false;
  generation_ = slot_->generation;
  connection_ = slot_->connection;
  if (connection_ && index_ >= connection_->rx_queues) connection_.reset();
  if (!connection_) return;
  buffers_.resize(connection_->ring_size);
  if (follow_) memif_set_rx_mode(connection_->handle, MEMIF_RX_MODE_POLLING, index_);
}

uint32_t RxQueue::Burst(const BatchColumns& columns, uint32_t max) {
  if (Stale() && delivered_ == pieces_.size()) {
    if (connection_ && !follow_) return 0;
    Refresh();
  }
  {
    std::shared_lock lock(*slot_->mutex);
    if (delivered_ == pieces_.size() && Usable()) Fetch(std::min(max, columns.capacity));
  }
  if (failed_) return 0;
  const uint32_t count =
      delivered_ == pieces_.size() ? 0 : DeliverInPlace(columns, std::min(max, columns.capacity));
  if (count == 0) return 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) bytes += columns.lengths[i];
  counters_.packets.Add(count);
  counters_.bytes.Add(bytes);
  counters_.bursts.Add(1);
  if (connection_->truncated()) Fail("memory region truncated");
  return count;
}

void RxQueue::Fail(const std::string& reason) {
  failed_ = true;
  pieces_.clear();
  delivered_ = 0;
  slot_->violated(generation_, reason);
}

/// Takes up to `max` slots, and as many more as the last packet has.
void RxQueue::Fetch(uint32_t max) {
  pieces_.clear();
  delivered_ = 0;
  bool some = FetchSome(max);
  while (some && pieces_.back().more) some = FetchSome(1);
  if (!failed_ && !pieces_.empty() && pieces_.back().more) Fail("chain without an end");
}

/// The library follows the peer's index wherever it jumps: only that far can it rightly be from what we have
/// given back.
bool RxQueue::HasJumped() const {
  memif_details_t details = {};
  char buffer[8192];
  memif_get_details(connection_->handle, &details, buffer, sizeof(buffer));
  if (details.rx_queues == nullptr || index_ >= details.rx_queues_num) return false;
  const memif_queue_details_t& queue = details.rx_queues[index_];
  const auto ahead = static_cast<uint16_t>(queue.head - queue.tail);
  return ahead > connection_->ring_size;
}

bool RxQueue::FetchSome(uint32_t max) {
  const uint32_t room = connection_->ring_size - held_;
  uint16_t count = 0;
  const auto wanted = static_cast<uint16_t>(std::min<uint32_t>(max, room));
  // With NOBUF it has filled what it was given, and there is more: no error.
  const int error =
      memif_rx_burst(connection_->handle, index_, buffers_.data(), std::max<uint16_t>(wanted, 1), &count);
  if (error != MEMIF_ERR_SUCCESS && error != MEMIF_ERR_NOBUF) return false;
  if (error == MEMIF_ERR_NOBUF && HasJumped()) {
    Fail("ring index jumped");
    return false;
  }
  if (count > room) {
    Fail("chain without an end");
    return false;
  }
  held_ = static_cast<uint16_t>(held_ + count);
  for (uint16_t i = 0; i < count; i++) {
    if (!Add(buffers_[i])) return false;
  }
  return count > 0;
}

bool RxQueue::Add(const memif_buffer_t& buffer) {
  const std::optional<Place> place = connection_->Locate(buffer.data, buffer.len);
  if (!place) {
    Fail("descriptor outside the peer's memory");
    return false;
  }
  pieces_.push_back({*place, buffer.len, (buffer.flags & MEMIF_BUFFER_FLAG_NEXT) != 0});
  return true;
}

uint32_t RxQueue::DeliverInPlace(const BatchColumns& columns, uint32_t max) {
  const uint16_t region = pieces_[delivered_].place.region;
  if (scratch_.copy_all || pieces_[delivered_].more) return DeliverCopies(columns, max);
  memory_ = region;
  uint32_t count = 0;
  for (; count < max && delivered_ < pieces_.size(); delivered_++) {
    const Piece& piece = pieces_[delivered_];
    if (piece.more || piece.place.region != region) break;
    if (piece.length == 0) {
      counters_.dropped_empty.Add(1);
      continue;
    }
    columns.offsets[count] = piece.place.offset;
    columns.lengths[count++] = piece.length;
  }
  return count;
}

size_t RxQueue::PiecesOfPacket(uint32_t* length) const {
  size_t count = 0;
  *length = 0;
  bool more = true;
  while (more && delivered_ + count < pieces_.size()) {
    const Piece& piece = pieces_[delivered_ + count++];
    *length += piece.length;
    more = piece.more;
  }
  return count;
}

uint32_t RxQueue::DeliverCopies(const BatchColumns& columns, uint32_t max) {
  memory_ = kScratchMemory;
  uint32_t used = 0;
  uint32_t count = 0;
  while (count < max && delivered_ < pieces_.size()) {
    uint32_t length;
    const size_t pieces = PiecesOfPacket(&length);
    if (pieces == 1 && !scratch_.copy_all) break;  // the next burst has it in place
    const bool oversize = length > scratch_.size;
    if (!oversize && length > scratch_.size - used) break;
    if (!oversize && length > 0) {
      columns.offsets[count] = used;
      columns.lengths[count++] = length;
    }
    for (size_t i = 0; i < pieces; i++, delivered_++) {
      const Piece& piece = pieces_[delivered_];
      if (oversize || piece.length == 0) continue;
      memcpy(scratch_.data + used, connection_->regions[piece.place.region]->data() + piece.place.offset,
             piece.length);
      used += piece.length;
    }
    if (oversize) counters_.dropped_oversize.Add(1);
    if (length == 0) counters_.dropped_empty.Add(1);
    if (length > 0 && !oversize) (pieces > 1 ? counters_.chained : counters_.copied).Add(1);
  }
  return count;
}

/// All at once, when the last packet has been looked at: as server the library gives back everything it has
/// taken whenever the count of slots wraps, whatever it was asked for.
void RxQueue::Release() {
  if (held_ == 0 || delivered_ < pieces_.size()) return;
  std::shared_lock lock(*slot_->mutex);
  if (Usable()) memif_refill_queue(connection_->handle, index_, held_, 0);
  held_ = 0;
}

void RxQueue::TakeRest() {
  if (!Usable() || generation_ != slot_->generation) return;
  while (FetchSome(connection_->ring_size - held_) && held_ < connection_->ring_size) {
  }
}

std::shared_ptr<Region> RxQueue::Memory(uint32_t index) {
  if (!connection_ || index >= connection_->regions.size()) return nullptr;
  return connection_->regions[index];
}

int RxQueue::doorbell() const {
  return connection_ ? connection_->doorbells[index_].get() : -1;
}

void RxQueue::DrainDoorbell() {
  if (!connection_) return;
  counters_.wakeups.Add(1);
  uint64_t rings;
  iovec part = {&rings, sizeof(rings)};
  [[maybe_unused]] const ssize_t ignored = preadv2(doorbell(), &part, 1, -1, RWF_NOWAIT);
}

void RxQueue::SetMaskInt(bool masked) {
  std::shared_lock lock(*slot_->mutex);
  if (Usable())
    memif_set_rx_mode(connection_->handle, masked ? MEMIF_RX_MODE_POLLING : MEMIF_RX_MODE_INTERRUPT, index_);
}

}  // namespace vpp_punt::libmemif
