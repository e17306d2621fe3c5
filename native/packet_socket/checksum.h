// The Internet checksum (RFC 1071), over bytes in network order.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vpp_punt::packet_socket {

inline uint16_t Read16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}
inline void Write16(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
inline uint32_t Read32(const uint8_t* at) {
  return static_cast<uint32_t>(Read16(at)) << 16 | Read16(at + 2);
}
inline void Write32(uint8_t* at, uint32_t value) {
  Write16(at, value >> 16);
  Write16(at + 2, value);
}

/// Adds `size` bytes to a sum, the last of an odd number as the high byte of a word.
inline uint64_t AddBytes(uint64_t sum, const uint8_t* bytes, size_t size) {
  for (; size > 1; bytes += 2, size -= 2) sum += Read16(bytes);
  return size == 1 ? sum + (static_cast<uint32_t>(bytes[0]) << 8) : sum;
}

/// The checksum of what was summed.
inline uint16_t FinishChecksum(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace vpp_punt::packet_socket
