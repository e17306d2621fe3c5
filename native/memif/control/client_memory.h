// The memory a client offers: it lays out rings and buffers, the server only maps them.
#pragma once

#include <memory>
#include <string>

#include "memif/shared/link.h"
#include "memif/shared/settings.h"

namespace vpp_punt::memif {

/// What client and server agreed on after HELLO.
struct Agreed {
  uint16_t s2m_rings;  // our transmit queues
  uint16_t m2s_rings;  // our receive queues
  uint8_t log2_ring_size;
};

/// Region 0 holds the rings, region 1 the buffers: JavaScript gets an ArrayBuffer over region 1 only and
/// cannot damage a ring. Returns null with a reason in `fault` when there is no memory.
std::shared_ptr<Link> BuildClientMemory(const Settings& settings, const Agreed& agreed, std::string* fault);

}  // namespace vpp_punt::memif
