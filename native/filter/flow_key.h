// The 5-tuple of a packet: addresses, protocol and ports.
#pragma once

#include <array>
#include <cstdint>

namespace vpp_punt::filter {

/// Of IPv4: source (4 bytes), destination (4), source port (2), destination port (2), protocol (1), zeros.
using FlowKey4 = std::array<uint64_t, 2>;
/// Of IPv6 likewise, with addresses of 16 bytes.
using FlowKey6 = std::array<uint64_t, 5>;

enum class FlowFamily : uint8_t { kNone, kIp4, kIp6 };

struct FlowKey {
  FlowFamily family = FlowFamily::kNone;
  FlowKey4 ip4;
  FlowKey6 ip6;
};

/// Reads the 5-tuple of an Ethernet frame, VLAN tags or not, or of a bare IP packet. The ports of protocols
/// without ports are 0. A packet has no 5-tuple (kNone) if its headers are cut off, or if it is a fragment
/// other than the first of a protocol with ports. Reads each byte once, because a peer may change it at any
/// time.
void ReadFlow(const uint8_t* packet, uint32_t length, bool is_ethernet, FlowKey* key);

/// Exchanges source and destination.
void Reverse(FlowKey* key);

/// The outer VLAN of an Ethernet frame; -1 if it has no tag.
int ReadVlan(const uint8_t* packet, uint32_t length);

}  // namespace vpp_punt::filter
