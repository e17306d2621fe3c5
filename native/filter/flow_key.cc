#include "filter/flow_key.h"

#include <cstring>
#include <utility>

namespace vpp_punt::filter {

namespace {

constexpr uint32_t kMacs = 12;
constexpr uint32_t kTag = 4;
/// A packet of a real network does not have more tags or extension headers than these.
constexpr int kMaxTags = 8;
constexpr int kMaxExtensions = 16;

uint16_t Read16(const uint8_t* at) {
  uint16_t word;
  memcpy(&word, at, 2);
  return __builtin_bswap16(word);
}

/// 802.1Q, 802.1ad, and what switches used before it.
bool IsTag(uint16_t type) {
  return type == 0x8100 || type == 0x88A8 || type == 0x9100 || type == 0x9200;
}

/// DCCP, SCTP and UDP-Lite have their ports where TCP and UDP have them.
bool HasPorts(uint8_t protocol) {
  return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

/// Where the IP header of a frame begins, and which version its type says; 0: neither.
int FindIp(const uint8_t* packet, uint32_t length, uint32_t* at) {
  *at = kMacs + 2;
  for (int tags = 0; *at <= length && tags <= kMaxTags; tags++) {
    const uint16_t type = Read16(packet + *at - 2);
    if (!IsTag(type)) return type == 0x0800 ? 4 : type == 0x86DD ? 6 : 0;
    *at += kTag;
  }
  return 0;
}

/// Source and destination port; 0 for a protocol without ports. False if they are cut off.
bool ReadPorts(const uint8_t* packet, uint32_t at, uint32_t end, uint8_t protocol, uint32_t* ports) {
  *ports = 0;
  if (!HasPorts(protocol)) return true;
  if (at + 4 > end) return false;
  memcpy(ports, packet + at, 4);
  return true;
}

uint64_t LastWord(uint32_t ports, uint8_t protocol) {
  return ports | uint64_t{protocol} << 32;
}

void ReadIp4(const uint8_t* packet, uint32_t length, uint32_t at, FlowKey* key) {
  if (at + 20 > length) return;
  const uint8_t first = packet[at];
  const uint32_t header = (first & 0xF) * 4u;
  if (first >> 4 != 4 || header < 20) return;
  const uint32_t total = Read16(packet + at + 2);
  if (total != 0 && total < header) return;
  // 0: by a card that has put segments together.
  const uint32_t end = total == 0 || at + total > length ? length : at + total;
  if (at + header > end) return;
  const uint8_t protocol = packet[at + 9];
  const bool is_later = (Read16(packet + at + 6) & 0x1FFF) != 0;
  uint32_t ports = 0;
  if (is_later ? HasPorts(protocol) : !ReadPorts(packet, at + header, end, protocol, &ports)) return;
  memcpy(&key->ip4[0], packet + at + 12, 8);
  key->ip4[1] = LastWord(ports, protocol);
  key->family = FlowFamily::kIp4;
}

bool IsExtension(uint8_t header) {
  switch (header) {
    case 0:    // hop-by-hop options
    case 43:   // routing
    case 44:   // fragment
    case 51:   // authentication
    case 60:   // destination options
    case 135:  // mobility
    case 139:  // HIP
    case 140:  // shim6
      return true;
    default:
      return false;
  }
}

/// The upper protocol of an IPv6 packet, and where its header begins. False if the way to it is cut off.
bool FollowExtensions(const uint8_t* packet, uint32_t end, uint32_t* at, uint8_t* protocol, bool* is_later) {
  for (int count = 0; IsExtension(*protocol); count++) {
    if (*is_later || count == kMaxExtensions || *at + 8 > end) return false;
    const uint8_t* header = packet + *at;
    const uint32_t size = header[1];
    if (*protocol == 44) {
      *is_later = Read16(header + 2) >> 3 != 0;
      *at += 8;
    } else {
      *at += *protocol == 51 ? (size + 2) * 4 : (size + 1) * 8;
    }
    *protocol = header[0];
  }
  return true;
}

void ReadIp6(const uint8_t* packet, uint32_t length, uint32_t at, FlowKey* key) {
  if (at + 40 > length || packet[at] >> 4 != 6) return;
  const uint32_t payload = Read16(packet + at + 4);
  // 0: a jumbo payload, or segments put together.
  const uint32_t whole = at + 40 + payload;
  const uint32_t end = payload == 0 || whole > length ? length : whole;
  uint8_t protocol = packet[at + 6];
  uint32_t transport = at + 40;
  bool is_later = false;
  if (!FollowExtensions(packet, end, &transport, &protocol, &is_later)) return;
  uint32_t ports = 0;
  if (is_later ? HasPorts(protocol) : !ReadPorts(packet, transport, end, protocol, &ports)) return;
  memcpy(&key->ip6[0], packet + at + 8, 32);
  key->ip6[4] = LastWord(ports, protocol);
  key->family = FlowFamily::kIp6;
}

}  // namespace

void ReadFlow(const uint8_t* packet, uint32_t length, bool is_ethernet, FlowKey* key) {
  key->family = FlowFamily::kNone;
  uint32_t at = 0;
  int version = 0;
  if (is_ethernet) {
    version = FindIp(packet, length, &at);
  } else if (length > 0) {
    version = packet[0] >> 4;
  }
  if (version == 4) ReadIp4(packet, length, at, key);
  if (version == 6) ReadIp6(packet, length, at, key);
}

void Reverse(FlowKey* key) {
  const bool is_ip4 = key->family == FlowFamily::kIp4;
  uint64_t& last = is_ip4 ? key->ip4[1] : key->ip6[4];
  const auto ports = static_cast<uint32_t>(last);
  last = (last >> 32 << 32) | (ports << 16 | ports >> 16);
  if (is_ip4) {
    key->ip4[0] = key->ip4[0] << 32 | key->ip4[0] >> 32;
  } else {
    std::swap(key->ip6[0], key->ip6[2]);
    std::swap(key->ip6[1], key->ip6[3]);
  }
}

int ReadVlan(const uint8_t* packet, uint32_t length) {
  if (length < kMacs + kTag || !IsTag(Read16(packet + kMacs))) return -1;
  return Read16(packet + kMacs + 2) & 0xFFF;
}

}  // namespace vpp_punt::filter
