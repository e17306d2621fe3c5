// The memory that a client offers: the client lays out rings and buffers, the server only maps them.
#pragma once

#include <memory>

#include "memif/shared/fault.h"
#include "memif/shared/link.h"
#include "memif/shared/settings.h"

namespace vpp_punt::memif {

/// The rings that HELLO allows and the settings ask for.
struct RingPlan {
  uint16_t s2m_rings;  // our transmit queues
  uint16_t m2s_rings;  // our receive queues
  uint8_t log2_ring_size;
};

/// Region 0 holds the rings, region 1 the buffers: JavaScript gets an ArrayBuffer over region 1 only and
/// cannot damage a ring. Returns null with `fault` if there is no memory or no descriptor.
/// With a `pool`, region 1 is the pool's.
std::shared_ptr<Link> BuildClientMemory(const Settings& settings, const RingPlan& plan,
                                        const std::shared_ptr<BufferPool>& pool, Fault* fault);

}  // namespace vpp_punt::memif
