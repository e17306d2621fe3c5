#include "libmemif/rings.h"

#include <algorithm>

namespace vpp_punt::libmemif {

namespace {

/// The library cuts a buffer's size to 16 bits, and takes a buffer of 65536 bytes for a chain of empty
/// buffers.
constexpr uint32_t kLongestBuffer = 65535;

}  // namespace

std::optional<memif_desc_t> Queue::Describe(const memif_buffer_t& buffer, uint16_t region) const {
  const uint8_t* data = static_cast<const uint8_t*>(buffer.data);
  const Region& memory = *(*regions)[region];
  if (data < memory.data() || data + buffer.len > memory.data() + memory.size()) return std::nullopt;
  const bool more = (buffer.flags & MEMIF_BUFFER_FLAG_NEXT) != 0;
  return memif_desc_t{more ? memif::kDescFlagNext : uint16_t{0}, region, buffer.len,
                      static_cast<uint32_t>(data - memory.data()), 0};
}

RxRings::RxRings(const Queue& queue) : queue_(queue), buffers_(queue.ring.size()) {
  // As client: every slot has a buffer for the server to fill.
  if (!queue_.server) memif_refill_queue(queue_.connection, queue_.index, UINT16_MAX, 0);
}

bool RxRings::Receive(memif_desc_t* descs, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    memif_desc_t desc = descs[i];
    desc.region = queue_.RegionOf(desc);
    queue_.ring.StoreDescriptor(received_++, desc);
  }
  // One slot more than there are, which the library is not asked for: with the last slot it would read its
  // doorbell, and that costs as much as the packets.
  const uint16_t end = static_cast<uint16_t>(received_ + 1);
  if (queue_.server) {
    queue_.ring.StoreHead(end);
  } else {
    queue_.ring.StoreTail(end);
  }
  uint16_t got = 0;
  // The error that the library returns with the packets says that there are more.
  memif_rx_burst(queue_.connection, queue_.index, buffers_.data(), static_cast<uint16_t>(count), &got);
  if (got != count) return false;
  for (uint32_t i = 0; i < count; i++) {
    const std::optional<memif_desc_t> desc = queue_.Describe(buffers_[i], descs[i].region);
    if (!desc) return false;
    descs[i] = *desc;
  }
  return true;
}

void RxRings::Release(uint32_t count) {
  if (count > 0) memif_refill_queue(queue_.connection, queue_.index, static_cast<uint16_t>(count), 0);
}

TxRings::TxRings(const Queue& queue) : queue_(queue), buffers_(queue.ring.size()) {
  // The queue rings the peer's doorbell, once for a whole burst. The library need not.
  queue_.ring.SetMaskInt(true);
}

bool TxRings::Allocate(memif_desc_t* desc) {
  memif_desc_t posted = *desc;
  posted.length = std::min(desc->length, kLongestBuffer);
  posted.region = queue_.RegionOf(posted);
  if (queue_.server) {
    queue_.ring.StoreDescriptor(allocated_, posted);
    queue_.ring.StoreHead(static_cast<uint16_t>(allocated_ + 1));
  } else {
    queue_.ring.StoreTail(allocated_);  // the queue has checked that the peer has returned the slot
  }
  memif_buffer_t& buffer = buffers_[allocated_ & (queue_.ring.size() - 1)];
  uint16_t got = 0;
  memif_buffer_alloc(queue_.connection, queue_.index, &buffer, 1, &got, static_cast<uint16_t>(posted.length));
  if (got != 1) return false;
  allocated_++;
  const std::optional<memif_desc_t> given = queue_.Describe(buffer, desc->region);
  if (given) *desc = *given;
  return given.has_value();
}

bool TxRings::Send(memif_desc_t* descs, uint32_t count) {
  burst_.clear();
  for (uint32_t i = 0; i < count; i++) {
    memif_buffer_t buffer = buffers_[(sent_ + i) & (queue_.ring.size() - 1)];
    buffer.len = descs[i].length;
    buffer.flags = (descs[i].flags & memif::kDescFlagNext) != 0 ? MEMIF_BUFFER_FLAG_NEXT : 0;
    burst_.push_back(buffer);
  }
  uint16_t went = 0;
  memif_tx_burst(queue_.connection, queue_.index, burst_.data(), static_cast<uint16_t>(count), &went);
  if (went != count) return false;
  for (uint32_t i = 0; i < count; i++) {
    const uint16_t region = descs[i].region;
    descs[i] = queue_.ring.LoadDescriptor(sent_++);
    descs[i].region = region;
    descs[i].metadata = 0;
  }
  return true;
}

}  // namespace vpp_punt::libmemif
