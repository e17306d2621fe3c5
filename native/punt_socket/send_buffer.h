// VPP's send buffer: holds every packet that VPP has sent and its client has not read yet.
#pragma once

#include <cstdint>

namespace vpp_punt::punt_socket {

/// 64 KiB, which the kernel doubles for its own cost of a packet.
constexpr uint64_t kSendBuffer = 131'072;

/// The most that packets take of the buffer: about 700 bytes each and up to twice the payload, because the
/// kernel allocates memory in powers of two.
constexpr uint64_t SendBufferCost(uint64_t packets, uint64_t bytes) {
  return 700 * packets + 2 * bytes;
}

}  // namespace vpp_punt::punt_socket
