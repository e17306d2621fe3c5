// A received frame in the ring, and what Linux has left out of it.
#pragma once

#include <linux/if_packet.h>

#include <cstdint>

namespace vpp_punt::packet_socket {

/// linux/virtio_net.h, which is not C++.
struct virtio_net_hdr {
  uint8_t flags, gso_type;
  uint16_t hdr_len, gso_size, csum_start, csum_offset;  // in host order here
};
static_assert(sizeof(virtio_net_hdr) == 10);

constexpr uint8_t VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
enum GsoType : uint8_t {
  VIRTIO_NET_HDR_GSO_NONE = 0,
  VIRTIO_NET_HDR_GSO_TCPV4 = 1,
  VIRTIO_NET_HDR_GSO_TCPV6 = 4,
  VIRTIO_NET_HDR_GSO_UDP_L4 = 5,
  VIRTIO_NET_HDR_GSO_ECN = 0x80,  // or-ed
};

/// Bytes before each frame that are ours: for a VLAN tag.
constexpr uint32_t kHeadroom = 16;

struct Frame {
  uint8_t* data;
  uint32_t length;
};

/// The work that a network card would still have done on the frame (PACKET_VNET_HDR), with offsets from its
/// first byte.
struct Offload {
  uint8_t gso_type = VIRTIO_NET_HDR_GSO_NONE;
  uint16_t gso_size = 0;  // payload of a segment
  bool wants_checksum = false;
  uint32_t checksum_start = 0;
  uint32_t checksum_at = 0;
};

/// Reads what is to be done. The kernel puts it directly before the frame.
Offload OffloadOf(const Frame& frame);

/// Computes the checksum that the sender left to its network card.
void CompleteChecksum(const Frame& frame, const Offload& offload);

/// Puts the VLAN tag that Linux took out back in, in the headroom. The frame then starts 4 bytes earlier, and
/// so do the offsets of its offload.
void RestoreVlanTag(Frame* frame, Offload* offload, const tpacket3_hdr& header);

}  // namespace vpp_punt::packet_socket
