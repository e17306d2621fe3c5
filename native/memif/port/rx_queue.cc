#include "memif/port/rx_queue.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace vpp_punt::memif {

void RxQueue::Unlock() {
  // The ring goes on at its place for the next thread; the burst that was being handled is over.
  Release();
  if (Stale()) Drop();
  scratch_ = {};
  locked_.store(false);
}

void RxQueue::Drop() {
  if (ring_) counters_.lost.Add(ring_->Unread());
  ring_.reset();
}

void RxQueue::Refresh() {
  if (!Stale()) return;
  Drop();
  std::shared_ptr<Link> link = slot_->GetNext(&generation_);
  // A peer may offer fewer rings than we have queues.
  if (!link || index_ >= link->rx.size()) return;
  ring_ = std::make_unique<RxRing>(std::move(link), index_, counters_);
  if (follow_) SetMaskInt(true);  // polled: no thread waits for the doorbell
}

uint32_t RxQueue::Burst(const PacketTable& table, uint32_t max, const SlotBudget& budget) {
  while (Stale()) {
    // The packets that the peer had sent before the connection ended in good order are still delivered.
    if (ring_) ring_->Freeze();
    const uint32_t count = TakeBurst(table, max, budget);
    if (count > 0 || short_of_room() || !follow_) return count;
    Refresh();
  }
  return TakeBurst(table, max, budget);
}

uint32_t RxQueue::TakeBurst(const PacketTable& table, uint32_t max, const SlotBudget& budget) {
  if (!ring_ || ring_->link()->failed()) return 0;
  const uint32_t count = ring_->Take(table, max, scratch_, budget);
  // Also without packets: a ring whose file was truncated reads as zeros, and so as empty.
  ring_->link()->CheckMemory();
  return count;
}

BurstMemory RxQueue::bytes() const {
  const uint32_t index = memory();
  if (index == kScratchMemory) return {scratch_.data, scratch_.size};
  const Region& region = *ring_->link()->regions[index];
  return {region.data(), region.size()};
}

void RxQueue::Count(uint64_t packets, uint64_t bytes) {
  counters_.packets.Add(packets);
  counters_.bytes.Add(bytes);
  counters_.bursts.Add(1);
}

void RxQueue::Release() {
  if (!ring_) return;
  ring_->Release();
  ring_->link()->CheckMemory();
}

uint32_t RxQueue::PassOn(const PacketTable& table, const Choice& choice, uint8_t mark, TxQueue& to) {
  TxRing* ring = to.Ready();
  if (!ring_ || ring == nullptr) return 0;
  ring->EndReservation();
  const bool shared = ring_->SharesBuffersWith(*ring);
  uint64_t packets = 0, bytes = 0;
  for (uint32_t i = 0; i < choice.count; i++) {
    if (choice.marks[i] != mark || !PassOne(table, i, *ring, shared)) continue;
    packets++;
    bytes += table.length(i);
  }
  to.Stage(packets, bytes);
  return static_cast<uint32_t>(packets);
}

bool RxQueue::PassOne(const PacketTable& table, uint32_t i, TxRing& to, bool shared) {
  const uint32_t offset = table.offset(i), length = table.length(i);
  if (shared && to.FreeSlots(1) == 0) return false;
  if (shared && ring_->Exchange(i, offset, length, to)) return true;
  const BurstMemory from = bytes();
  if (length == 0 || length > kMaxPacket || uint64_t{offset} + length > from.size) return false;
  return to.Append(from.data + offset, length) == AppendResult::kDone;
}

RetainResult RxQueue::Retain(uint32_t i, Retained* retained) {
  if (!ring_) return RetainResult::kScattered;
  RetainResult result = ring_->Retain(i, retained);
  // The connection is part of the token, so that a packet that comes back after its end changes no other
  // connection.
  retained->token |= uint64_t{generation_} << 32;
  return result;
}

bool RxQueue::GiveBack(uint64_t token) {
  if (!ring_ || token >> 32 != generation_) return false;
  ring_->GiveBack(static_cast<uint32_t>(token));
  return true;
}

std::shared_ptr<Region> RxQueue::Memory(uint32_t index) {
  if (!ring_ || index >= ring_->link()->regions.size()) return nullptr;
  return ring_->link()->regions[index];
}

int RxQueue::doorbell() const {
  return ring_ ? ring_->link_ring().doorbell.get() : -1;
}

void RxQueue::Fail(const Fault& fault) {
  if (ring_) ring_->link()->Fail(fault);
}

void RxQueue::DrainDoorbell() {
  if (!ring_) return;
  counters_.wakeups.Add(1);
  constexpr int kNoWait = 0x8;  // RWF_NOWAIT
  uint64_t rings;
  iovec part = {&rings, sizeof rings};
  const int fd = ring_->link_ring().doorbell.get();
  // RWF_NOWAIT: the peer shares the descriptor's flags and may have made it blocking again behind our back.
  // The system call itself: musl has a function for it, and the constant, only since 1.2.5.
  if (syscall(SYS_preadv2, fd, &part, 1, -1L, -1L, kNoWait) >= 0 || errno == EAGAIN) return;
  // Linux before 5.8 does not read an eventfd that way. There a peer can still block this read, if it empties
  // the counter between these two calls.
  pollfd waiting = {fd, POLLIN, 0};
  if (poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) != 0 && read(fd, &rings, sizeof rings) < 0)
    return;  // EAGAIN: the peer has taken them; the ring is looked at in any case
}

void RxQueue::SetMaskInt(bool masked) {
  if (ring_) ring_->link_ring().ring.SetMaskInt(masked);
}

}  // namespace vpp_punt::memif
