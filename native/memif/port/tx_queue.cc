#include "memif/port/tx_queue.h"

namespace vpp_punt::memif {

void TxQueue::Unclaim() {
  // The ring goes on at its place for the next claimer.
  if (slot_->generation() != generation_) Drop();
  claimed_.store(false);
}

void TxQueue::Drop() {
  if (ring_) counters_.unconsumed.Add(ring_->Unconsumed());
  ring_.reset();
  staged_packets_ = staged_bytes_ = 0;
}

void TxQueue::Refresh() {
  if (slot_->generation() == generation_) return;
  Drop();
  std::shared_ptr<Link> link = slot_->Get(&generation_);
  if (link && index_ < link->tx.size()) ring_ = std::make_unique<TxRing>(std::move(link), index_);
}

bool TxQueue::Usable() {
  Refresh();
  return ring_ && !ring_->link()->failed() && ring_->link()->CheckMemory();
}

uint32_t TxQueue::Reserve(const PacketTable& table, uint32_t max) {
  return Usable() ? ring_->Reserve(table, max) : 0;
}

uint32_t TxQueue::Commit(const uint32_t* lengths, uint32_t count) {
  if (!ring_) return 0;
  uint32_t done = ring_->Commit(lengths, count);
  if (done != count) return done;
  for (uint32_t i = 0; i < count; i++) staged_bytes_ += lengths[i];
  staged_packets_ += count;
  Publish();
  return done;
}

AppendResult TxQueue::Append(const uint8_t* data, uint32_t length) {
  if (!Usable()) return AppendResult::kDown;
  AppendResult result = ring_->Append(data, length);
  if (result != AppendResult::kDone) return result;
  staged_packets_++;
  staged_bytes_ += length;
  return result;
}

void TxQueue::Publish() {
  if (!ring_ || !ring_->Publish()) return;
  counters_.packets.Add(staged_packets_);
  counters_.bytes.Add(staged_bytes_);
  counters_.bursts.Add(1);
  staged_packets_ = staged_bytes_ = 0;
}

void TxQueue::RingDoorbell() {
  if (ring_ && ring_->RingDoorbell()) counters_.doorbells.Add(1);
}

std::shared_ptr<Region> TxQueue::Memory(uint32_t index) {
  if (!ring_ || index >= ring_->link()->regions.size()) return nullptr;
  return ring_->link()->regions[index];
}

}  // namespace vpp_punt::memif
