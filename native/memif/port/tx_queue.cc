#include "memif/port/tx_queue.h"

namespace vpp_punt::memif {

void TxQueue::Unlock() {
  if (owes_doorbell_) RingDoorbell();  // a handler that closes its port has not done it
  // The ring goes on at its place for the next thread.
  if (slot_->generation() != generation_) Drop();
  past_owners_.fetch_add(1, std::memory_order_relaxed);
  locked_.store(false);
}

void TxQueue::Drop() {
  if (ring_) counters_.unconsumed.Add(ring_->Unconsumed());
  ring_.reset();
  staged_packets_ = staged_bytes_ = 0;
  owes_doorbell_ = false;
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
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) bytes += lengths[i];
  Stage(count, bytes);
  return done;
}

uint32_t TxQueue::Fill(const PacketTable& table, const uint8_t* data, uint32_t length, uint32_t count) {
  if (!Usable()) return count;  // Commit sends nothing
  const uint32_t filled = ring_->Fill(data, length, count);
  for (uint32_t i = 0; i < filled; i++) table.lengths()[i] = length;
  return filled;
}

AppendResult TxQueue::Append(const uint8_t* data, uint32_t length) {
  if (!Usable()) return AppendResult::kDown;
  AppendResult result = ring_->Append(data, length);
  if (result != AppendResult::kDone) return result;
  Stage(1, length);
  return result;
}

uint32_t TxQueue::AppendAll(const PacketList& packets) {
  if (!Usable()) return 0;
  const uint32_t done = ring_->AppendAll(packets);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < done; i++) bytes += packets.lengths[i];
  Stage(done, bytes);
  return done;
}

void TxQueue::Publish() {
  if (!ring_ || !ring_->Publish()) return;
  owes_doorbell_ = true;
  counters_.packets.Add(staged_packets_);
  counters_.bytes.Add(staged_bytes_);
  counters_.bursts.Add(1);
  staged_packets_ = staged_bytes_ = 0;
}

void TxQueue::RingDoorbell() {
  owes_doorbell_ = false;
  if (ring_ && ring_->RingDoorbell()) counters_.doorbells.Add(1);
}

std::shared_ptr<Region> TxQueue::Memory(uint32_t index) {
  if (!ring_ || index >= ring_->link()->regions.size()) return nullptr;
  return ring_->link()->regions[index];
}

}  // namespace vpp_punt::memif
