// The other side of a memif connection that lies: its own view of the memory, and what it writes there.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "input.h"
#include "memif/shared/link.h"

namespace fuzz {

using namespace vpp_punt;
using namespace vpp_punt::memif;

constexpr uint32_t kPeerBytes = 64 * 1024;

/// The peer's own mapping of a region, which our side maps at another address.
struct PeerMemory {
  PeerMemory() = default;
  PeerMemory(int file, uint64_t bytes) : fd(dup(file)), size(bytes) {
    void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    data = mapped == MAP_FAILED ? nullptr : static_cast<uint8_t*>(mapped);
  }
  ~PeerMemory() {
    if (data != nullptr) munmap(data, size);
  }
  PeerMemory(const PeerMemory&) = delete;
  PeerMemory& operator=(const PeerMemory&) = delete;

  UniqueFd fd;
  uint64_t size = 0;
  uint8_t* data = nullptr;
  bool truncated = false;
};

/// ThreadSanitizer carries out an atomic store under a lock of its own. If the store faults, the fault's handler
/// deadlocks: it loads another atomic, which takes that lock.
constexpr bool kTruncates = !__has_feature(thread_sanitizer);

using PeerMemories = std::vector<std::unique_ptr<PeerMemory>>;

/// Where a ring lies in the peer's memory; null if it has none.
inline memif_ring_t* PeerRing(const LinkRing& ring, const PeerMemories& memories) {
  if (ring.region >= memories.size()) return nullptr;
  const PeerMemory& memory = *memories[ring.region];
  if (memory.data == nullptr || memory.truncated || ring.offset + sizeof(memif_ring_t) > memory.size)
    return nullptr;
  return reinterpret_cast<memif_ring_t*>(memory.data + ring.offset);
}

/// The peer's turn: one lie in shared memory.
inline void Lie(Input& input, const Link& link, PeerMemories& memories) {
  const std::vector<LinkRing>& rings = input.Byte() & 1 ? link.rx : link.tx;
  if (rings.empty()) return;
  const LinkRing& mine = rings[input.Below(static_cast<uint32_t>(rings.size()))];
  memif_ring_t* ring = PeerRing(mine, memories);
  if (ring == nullptr) return;
  const uint32_t slot = input.Below(mine.ring.size());
  const bool known = mine.offset + sizeof(memif_ring_t) + 16 * (slot + 1) <= memories[mine.region]->size;
  switch (input.Below(6)) {
    case 0:
      ring->head = static_cast<uint16_t>(ring->head + input.Below(40));
      return;
    case 1:
      ring->tail = static_cast<uint16_t>(ring->tail + input.Below(40));
      return;
    case 2:
      (input.Byte() & 1 ? ring->head : ring->tail) = input.Half();
      return;
    case 3:
      if (known) ring->desc[slot] = {input.Half(), input.Half(), input.Word(), input.Word(), 0};
      return;
    case 4:  // a good descriptor, perhaps of a chain
      if (!known) return;
      ring->desc[slot].flags = input.Byte() & 1;
      ring->desc[slot].length = input.Below(300);
      return;
    default:
      if (!input.Rarely()) return;
      PeerMemory& memory = *memories[input.Below(static_cast<uint32_t>(memories.size()))];
      const uint32_t rest = input.Below(kPeerBytes);
      memory.truncated = kTruncates && ftruncate(memory.fd.get(), rest) == 0;
  }
}

/// Writes into the rings while our side reads.
class Scribbler {
 public:
  Scribbler(const Link& link, const PeerMemories& memories, uint32_t seed) : state_(seed | 1) {
    for (const auto* rings : {&link.rx, &link.tx}) {
      for (const LinkRing& ring : *rings) {
        if (memif_ring_t* at = PeerRing(ring, memories)) targets_.push_back({at, ring.ring.size()});
      }
    }
    if (!targets_.empty()) thread_ = std::thread([this] { Run(); });
  }
  ~Scribbler() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Target {
    memif_ring_t* ring;
    uint32_t size;
  };

  uint32_t Next() { return state_ = state_ * 1664525u + 1013904223u; }

  void Run() {
    while (!stop_.load()) {
      const Target& target = targets_[(Next() >> 16) % targets_.size()];
      memif_desc_t& desc = target.ring->desc[(Next() >> 8) % target.size];
      __atomic_store_n(&desc.flags, static_cast<uint16_t>(Next() >> 31), __ATOMIC_RELAXED);
      __atomic_store_n(&desc.region, static_cast<uint16_t>((Next() >> 16) % 3), __ATOMIC_RELAXED);
      __atomic_store_n(&desc.length, Next() >> (Next() % 32), __ATOMIC_RELAXED);
      __atomic_store_n(&desc.offset, Next() >> (Next() % 32), __ATOMIC_RELAXED);
      uint16_t* index = Next() & 0x10000 ? &target.ring->head : &target.ring->tail;
      __atomic_store_n(index, static_cast<uint16_t>(*index + (Next() >> 16) % 8), __ATOMIC_RELEASE);
    }
  }

  uint32_t state_;
  std::vector<Target> targets_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace fuzz
