// Counters of ports and queues.
#pragma once

#include <atomic>
#include <cstdint>

namespace vpp_punt::memif {

/// A counter with one writer and any number of readers.
class Counter {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct RxCounters {
  Counter packets, bytes, bursts, chained, copied, dropped_oversize, dropped_empty, dropped_filter, lost,
      wakeups;
};

struct TxCounters {
  Counter packets, bytes, bursts, doorbells, refused, unconsumed;
};

struct PortCounters {
  Counter connects, disconnects, violations, refused;
};

}  // namespace vpp_punt::memif
