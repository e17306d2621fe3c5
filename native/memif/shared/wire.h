// memif 2.0 as it is on the wire and in shared memory. Names are VPP's (src/plugins/memif/memif.h).
// Everything is in host byte order, because both sides run on one machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vpp_punt::memif {

constexpr uint32_t kCookie = 0x3E31F20;
constexpr uint16_t kVersion = 0x0200;
constexpr size_t kSecretSize = 24;
constexpr size_t kNameSize = 32;
constexpr size_t kDisconnectTextSize = 96;
/// VPP's limit (MEMIF_MAX_LOG2_RING_SIZE): head and tail are 16 bits and must tell "full" from "empty".
constexpr uint8_t kMaxLog2RingSize = 14;
/// Highest region index we take from a peer (MEMIF_MAX_REGION).
constexpr uint16_t kMaxRegion = 255;

enum class MsgType : uint16_t {
  kAck = 1,
  kHello = 2,
  kInit = 3,
  kAddRegion = 4,
  kAddRing = 5,
  kConnect = 6,
  kConnected = 7,
  kDisconnect = 8,
};

enum class Mode : uint8_t { kEthernet = 0, kIp = 1 };

constexpr uint16_t kAddRingFlagS2M = 1;
constexpr uint16_t kDescFlagNext = 1;
constexpr uint16_t kRingFlagMaskInt = 1;

struct __attribute__((packed)) memif_msg_hello_t {
  uint8_t name[kNameSize];
  uint16_t min_version;
  uint16_t max_version;
  uint16_t max_region;  // highest index, not a count; so are the two below
  uint16_t max_m2s_ring;
  uint16_t max_s2m_ring;
  uint8_t max_log2_ring_size;
};

struct __attribute__((packed)) memif_msg_init_t {
  uint16_t version;
  uint32_t id;
  uint8_t mode;
  uint8_t secret[kSecretSize];
  uint8_t name[kNameSize];
};

struct __attribute__((packed)) memif_msg_add_region_t {
  uint16_t index;
  uint64_t size;
};

struct __attribute__((packed)) memif_msg_add_ring_t {
  uint16_t flags;
  uint16_t index;
  uint16_t region;
  uint32_t offset;
  uint8_t log2_ring_size;
  uint16_t private_hdr_size;
};

/// CONNECT and CONNECTED.
struct __attribute__((packed)) memif_msg_connect_t {
  uint8_t if_name[kNameSize];
};

struct __attribute__((packed)) memif_msg_disconnect_t {
  uint32_t code;
  uint8_t string[kDisconnectTextSize];
};

struct __attribute__((packed, aligned(128))) memif_msg_t {
  uint16_t type;
  union {
    memif_msg_hello_t hello;
    memif_msg_init_t init;
    memif_msg_add_region_t add_region;
    memif_msg_add_ring_t add_ring;
    memif_msg_connect_t connect;
    memif_msg_connect_t connected;
    memif_msg_disconnect_t disconnect;
  };
};
static_assert(sizeof(memif_msg_hello_t) == 43);
static_assert(sizeof(memif_msg_init_t) == 63);
static_assert(sizeof(memif_msg_add_region_t) == 10);
static_assert(sizeof(memif_msg_add_ring_t) == 13);
static_assert(sizeof(memif_msg_disconnect_t) == 100);
static_assert(sizeof(memif_msg_t) == 128);

struct memif_desc_t {
  uint16_t flags;
  uint16_t region;
  uint32_t length;
  uint32_t offset;
  uint32_t metadata;
};
static_assert(sizeof(memif_desc_t) == 16);

/// Three parts of 64 bytes each or more: what the producer of slots owns, what the other side owns, and the
/// descriptors. A ring lies at a multiple of 16 bytes: the one behind a ring of two slots begins within a
/// cache line, so the type must not promise the compiler more.
struct memif_ring_t {
  uint32_t cookie;
  uint16_t flags;
  uint16_t head;
  uint8_t rest_of_first_line[56];
  uint16_t tail;
  uint8_t rest_of_second_line[62];
  memif_desc_t desc[];
};
static_assert(alignof(memif_ring_t) <= 16);
static_assert(offsetof(memif_ring_t, flags) == 4);
static_assert(offsetof(memif_ring_t, head) == 6);
static_assert(offsetof(memif_ring_t, tail) == 64);
static_assert(offsetof(memif_ring_t, desc) == 128);

/// Bytes that a ring takes in its region.
constexpr uint64_t RingBytes(uint8_t log2_ring_size) {
  return offsetof(memif_ring_t, desc) + (uint64_t{sizeof(memif_desc_t)} << log2_ring_size);
}

}  // namespace vpp_punt::memif
