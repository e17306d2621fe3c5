// The descriptor before every frame on a punt socket. VPP: src/vnet/ip/punt.h, punt_packetdesc_t.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vpp_punt::punt_socket {

/// In host byte order.
struct punt_packetdesc_t {
  uint32_t sw_if_index;
  uint32_t action;  // PUNT_L2 in packets that VPP sends
} __attribute__((packed));
static_assert(sizeof(punt_packetdesc_t) == 8);

/// The action of VPP on an injected packet.
enum PuntAction : uint32_t { PUNT_L2 = 0, PUNT_IP4_ROUTED = 1, PUNT_IP6_ROUTED = 2 };

/// VPP refuses datagrams of 28 bytes or less, and cuts packets off after 2048 bytes.
constexpr size_t kMinInjected = 21;
constexpr size_t kMaxInjected = 2048;

}  // namespace vpp_punt::punt_socket
