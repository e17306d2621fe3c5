// The shared ring: every access to a ring that the peer may change at the same time, with its memory
// barriers.
#pragma once

#include <atomic>
#include <cstdint>

#include "memif/shared/wire.h"

namespace vpp_punt::memif {

/// A producer prefetches this many slots ahead.
constexpr uint16_t kAhead = 8;

/// Fetches memory into the cache for a write. The peer read it last, so another core has it.
inline void PrefetchForWrite(const void* memory) {
#ifdef __x86_64__
  // For the baseline x86-64 the builtin is a prefetch for reading.
  asm volatile("prefetchw %0" : : "m"(*static_cast<const uint8_t*>(memory)));
#else
  __builtin_prefetch(memory, 1);
#endif
}

/// A ring in shared memory. It does not own the memory: its holder holds the region too.
class Ring {
 public:
  Ring() = default;
  Ring(memif_ring_t* shared, uint8_t log2_size)
      : shared_(shared), size_(1u << log2_size), mask_(static_cast<uint16_t>(size_ - 1)) {}

  uint32_t size() const { return size_; }

  /// Pairs with the release store in the peer's StoreHead: descriptors written before it are seen after this.
  uint16_t LoadHead() const { return __atomic_load_n(&shared_->head, __ATOMIC_ACQUIRE); }
  /// Pairs with the acquire load in the peer's LoadHead.
  void StoreHead(uint16_t head) { __atomic_store_n(&shared_->head, head, __ATOMIC_RELEASE); }
  /// Pairs with the release store in the peer's StoreTail.
  uint16_t LoadTail() const { return __atomic_load_n(&shared_->tail, __ATOMIC_ACQUIRE); }
  /// Pairs with the acquire load in the peer's LoadTail; also keeps our reads of a buffer before its return.
  void StoreTail(uint16_t tail) { __atomic_store_n(&shared_->tail, tail, __ATOMIC_RELEASE); }

  /// Returns a private copy. The two halves are read exactly once, even if the peer writes at the same time.
  memif_desc_t LoadDescriptor(uint16_t slot) const {
    const uint64_t* words = Words(slot);
    uint64_t copy[2] = {__atomic_load_n(&words[0], __ATOMIC_RELAXED),
                        __atomic_load_n(&words[1], __ATOMIC_RELAXED)};
    memif_desc_t desc;
    __builtin_memcpy(&desc, copy, sizeof desc);
    return desc;
  }

  /// The peer sees it after the StoreHead or StoreTail that follows.
  void StoreDescriptor(uint16_t slot, const memif_desc_t& desc) {
    uint64_t copy[2];
    __builtin_memcpy(copy, &desc, sizeof desc);
    uint64_t* words = Words(slot);
    __atomic_store_n(&words[0], copy[0], __ATOMIC_RELAXED);
    __atomic_store_n(&words[1], copy[1], __ATOMIC_RELAXED);
  }

  /// StoreDescriptor for a producer, which writes the slots after this one next.
  void ProduceDescriptor(uint16_t slot, const memif_desc_t& desc) {
    PrefetchForWrite(Words(static_cast<uint16_t>(slot + kAhead)));
    StoreDescriptor(slot, desc);
  }

  void PrefetchDescriptor(uint16_t slot) const { __builtin_prefetch(&shared_->desc[slot & mask_]); }

  /// Whether the peer wants its doorbell rung for the packets just published. The fence orders our store of
  /// head or tail before the load of the flags, and pairs with the fence in SetMaskInt: either we see the
  /// flag clear, or the peer sees our packets.
  bool WantsDoorbell() const {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return (__atomic_load_n(&shared_->flags, __ATOMIC_RELAXED) & kRingFlagMaskInt) == 0;
  }

  /// As consumer: asks the peer not to ring (true), or to ring again (false). After false the caller looks at
  /// the ring once more.
  void SetMaskInt(bool masked) {
    __atomic_store_n(&shared_->flags, static_cast<uint16_t>(masked ? kRingFlagMaskInt : 0), __ATOMIC_RELAXED);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // pairs with the fence in WantsDoorbell
  }

  uint32_t LoadCookie() const { return __atomic_load_n(&shared_->cookie, __ATOMIC_RELAXED); }

  /// Makes an empty ring of zeroed memory.
  void Initialize() { __atomic_store_n(&shared_->cookie, kCookie, __ATOMIC_RELAXED); }

 private:
  uint64_t* Words(uint16_t slot) const { return reinterpret_cast<uint64_t*>(&shared_->desc[slot & mask_]); }

  memif_ring_t* shared_ = nullptr;
  uint32_t size_ = 0;
  uint16_t mask_ = 0;
};

}  // namespace vpp_punt::memif
