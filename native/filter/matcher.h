// The question of a rule about the packets of a burst.
#pragma once

#include <cstdint>

#include "util/packet_table.h"

namespace vpp_punt::filter {

/// The packets of a burst: a table of where they lie in one memory, of `size` bytes.
struct Burst {
  const uint8_t* memory;
  uint64_t size;
  PacketTable table;

  const uint8_t* data(uint32_t i) const { return memory + table.offset(i); }
  uint32_t length(uint32_t i) const { return table.length(i); }
  /// JavaScript can write to the table of its batch.
  bool Contains(uint32_t i) const { return uint64_t{table.offset(i)} + table.length(i) <= size; }
};

class Matcher {
 public:
  virtual ~Matcher() = default;

  /// Writes a 1 to `hits[k]` if packet `which[k]` matches, otherwise a 0, for each `k` below `count`. The
  /// packets are inside of the burst's memory, which a peer may change at any time.
  virtual void Match(const Burst& burst, const uint32_t* which, uint32_t count, uint8_t* hits) = 0;
};

}  // namespace vpp_punt::filter
