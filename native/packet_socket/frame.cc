#include "packet_socket/frame.h"

#include <linux/if_ether.h>

#include <cstring>

#include "packet_socket/checksum.h"

namespace vpp_punt::packet_socket {

namespace {

constexpr size_t kAddresses = 12;  // destination and source MAC
constexpr size_t kTag = 4;         // TPID and TCI
static_assert(kTag <= kHeadroom);

}  // namespace

Offload OffloadOf(const Frame& frame) {
  virtio_net_hdr header;
  memcpy(&header, frame.data - sizeof(header), sizeof(header));
  Offload offload;
  offload.gso_type = header.gso_type & static_cast<uint8_t>(~VIRTIO_NET_HDR_GSO_ECN);
  offload.gso_size = header.gso_size;
  offload.wants_checksum = header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
  offload.checksum_start = header.csum_start;
  offload.checksum_at = header.csum_start + header.csum_offset;
  return offload;
}

void CompleteChecksum(const Frame& frame, const Offload& offload) {
  if (!offload.wants_checksum || offload.checksum_at + 2 > frame.length) return;
  // The field holds the sum of the pseudo header, which thus is summed too.
  const uint64_t sum =
      AddBytes(0, frame.data + offload.checksum_start, frame.length - offload.checksum_start);
  const uint16_t checksum = FinishChecksum(sum);
  // 0 means "without a checksum" in UDP; the two are the same number.
  Write16(frame.data + offload.checksum_at, checksum == 0 ? 0xffff : checksum);
}

void RestoreVlanTag(Frame* frame, Offload* offload, const tpacket3_hdr& header) {
  const bool named = header.tp_status & TP_STATUS_VLAN_TPID_VALID;
  memmove(frame->data - kTag, frame->data, kAddresses);
  frame->data -= kTag;
  frame->length += kTag;
  Write16(frame->data + kAddresses, named ? header.hv1.tp_vlan_tpid : ETH_P_8021Q);
  Write16(frame->data + kAddresses + 2, header.hv1.tp_vlan_tci);
  offload->checksum_start += kTag;
  offload->checksum_at += kTag;
}

}  // namespace vpp_punt::packet_socket
