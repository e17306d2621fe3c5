// Where packets wait while JavaScript is busy: a ring of slabs, with the packets one behind the other.
#pragma once

#include <atomic>
#include <memory>

#include "punt_socket/wire.h"
#include "util/mapping.h"
#include "util/packet_table.h"

namespace vpp_punt::punt_socket {

/// One producer (the drain thread), one consumer (the JavaScript thread). A packet never lies in two slabs: a
/// batch lies in one slab, whose memory JavaScript sees.
class SlabRing {
 public:
  static constexpr size_t kSlab = 1 << 20;

  /// `slabs` >= 2. Check ok(). Memory is taken as slabs are first used.
  explicit SlabRing(size_t slabs) : size_(slabs * kSlab), memory_(Mapping::New(size_)) {}
  bool ok() const { return memory_ != nullptr; }

  /// Producer: copies a datagram (descriptor and packet) in. False when the ring is full.
  bool Append(const uint8_t* datagram, size_t length);

  /// Consumer: describes the next packets, all of one slab, without taking them. Returns their number.
  uint32_t Peek(PacketTable* table, uint32_t* slab);

  /// Consumer, while the producer is locked out: the last Peek() has described all packets that wait.
  bool AllShown() const { return shown_ == head_.load(std::memory_order_relaxed); }

  /// Consumer: gives back the packets of the last Peek().
  void Release();

  /// True when no packet waits and none of the last Peek() is in use.
  bool Empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }

  /// Consumer, while the producer is locked out and the ring is empty: starts over at the first slab, whose
  /// memory is warm.
  void Rewind();

  size_t Backlog() const {
    return head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_relaxed);
  }
  const std::shared_ptr<Mapping>& memory() const { return memory_; }
  const uint8_t* slab(uint32_t i) const { return memory_->data() + i * kSlab; }

 private:
  struct Record {
    uint32_t length;  // of the packet; kNextSlab: the next packet is in the next slab
    uint32_t unused;
    punt_packetdesc_t desc;  // directly before the packet, as in a datagram
  };
  static constexpr uint32_t kNextSlab = 0xffffffff;
  static constexpr size_t kKeptSlabs = 4;

  Record* At(uint64_t position) { return reinterpret_cast<Record*>(memory_->data() + position % size_); }
  void LeaveSlab(uint64_t position);

  const size_t size_;
  std::shared_ptr<Mapping> memory_;
  // Bytes since the start; the producer moves head_, the consumer tail_. Each release store pairs with the
  // other side's acquire load: records are written before head_ shows them, and read before tail_ gives them
  // back.
  alignas(64) std::atomic<uint64_t> head_{0};
  alignas(64) std::atomic<uint64_t> tail_{0};
  uint64_t shown_ = 0;  // consumer: what tail_ becomes at Release()
};

}  // namespace vpp_punt::punt_socket
