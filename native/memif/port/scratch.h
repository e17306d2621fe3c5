// Memory for packets that cannot be handed out in place.
#pragma once

#include <cstdint>

namespace vpp_punt::memif {

/// Memory for packets that cannot be handed out in place: chains over scattered buffers, or all packets
/// (`copy_all`).
struct Scratch {
  uint8_t* data = nullptr;
  uint32_t size = 0;
  bool copy_all = false;
};

/// Index of the scratch memory among the memories of a queue; the other memories are the regions.
constexpr uint32_t kScratchMemory = 0xFFFF;

}  // namespace vpp_punt::memif
