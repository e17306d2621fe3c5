// VPP's send buffer: what all packets that VPP has sent and no client has read yet must fit into.
#pragma once

#include <cstdint>

namespace vpp_punt::punt_socket {

/// 64 KiB, which the kernel doubles for what it spends beside the payload.
constexpr uint64_t kSendBuffer = 131'072;

/// What packets take of it, at most: about 700 bytes each and, as memory comes in powers of two, up to as
/// much again as the payload.
constexpr uint64_t SendBufferCost(uint64_t packets, uint64_t bytes) {
  return 700 * packets + 2 * bytes;
}

}  // namespace vpp_punt::punt_socket
