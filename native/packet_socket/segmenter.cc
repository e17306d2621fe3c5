#include "packet_socket/segmenter.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "packet_socket/checksum.h"

namespace vpp_punt::packet_socket {

namespace {

constexpr uint32_t kIp4Header = 20, kIp6Header = 40, kTcpHeader = 20, kUdpHeader = 8;
constexpr uint8_t kTcpFin = 0x01, kTcpPush = 0x08, kTcpCwr = 0x80;

/// Where the network header starts, behind all VLAN tags, and its EtherType.
uint32_t NetworkOffset(const Frame& frame, uint16_t* type) {
  uint32_t at = ETH_HLEN;
  *type = Read16(frame.data + at - 2);
  while ((*type == ETH_P_8021Q || *type == ETH_P_8021AD) && at + 4 <= frame.length) {
    at += 4;
    *type = Read16(frame.data + at - 2);
  }
  return at;
}

}  // namespace

bool Segmenter::Start(const Frame& frame, const Offload& offload) {
  at_ = frame_.length;
  is_tcp_ = offload.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 || offload.gso_type == VIRTIO_NET_HDR_GSO_TCPV6;
  if (!is_tcp_ && offload.gso_type != VIRTIO_NET_HDR_GSO_UDP_L4) return false;
  uint16_t type;
  network_ = NetworkOffset(frame, &type);
  transport_ = offload.checksum_start;
  is_ip6_ = type == ETH_P_IPV6;
  if (network_ + kIp4Header > frame.length) return false;
  // The length that an IPv4 header claims: its checksum is computed over so many bytes.
  const uint32_t claimed = (frame.data[network_] & 0xf) * 4u;
  const uint32_t ip_header = is_ip6_ ? kIp6Header : std::max(kIp4Header, claimed);
  const uint32_t least = transport_ + (is_tcp_ ? kTcpHeader : kUdpHeader);
  if ((!is_ip6_ && type != ETH_P_IP) || transport_ < network_ + ip_header || least > frame.length)
    return false;
  headers_ = is_tcp_ ? transport_ + (frame.data[transport_ + 12] >> 4) * 4u : least;
  if (headers_ < least || headers_ >= frame.length || offload.gso_size == 0) return false;
  frame_ = frame;
  size_ = offload.gso_size;
  at_ = headers_;
  return true;
}

uint32_t Segmenter::Payload() const {
  return std::min(size_, frame_.length - at_);
}

void Segmenter::Next(uint8_t* into) {
  const uint32_t length = NextLength();
  memcpy(into, frame_.data, headers_);
  memcpy(into + headers_, frame_.data + at_, length - headers_);
  MendNetwork(into, length);
  MendTransport(into, length);
  at_ += length - headers_;
}

/// Length, identification and checksum of the IP header.
void Segmenter::MendNetwork(uint8_t* segment, uint32_t length) const {
  uint8_t* ip = segment + network_;
  if (is_ip6_) {
    Write16(ip + 4, length - network_ - kIp6Header);
    return;
  }
  Write16(ip + 2, length - network_);
  Write16(ip + 4, Read16(ip + 4) + (at_ - headers_) / size_);
  Write16(ip + 10, 0);
  Write16(ip + 10, FinishChecksum(AddBytes(0, ip, (ip[0] & 0xf) * 4u)));
}

/// Sequence number and flags, or length; and the checksum with its pseudo header.
void Segmenter::MendTransport(uint8_t* segment, uint32_t length) const {
  uint8_t* transport = segment + transport_;
  const uint32_t size = length - transport_;
  if (is_tcp_) {
    Write32(transport + 4, Read32(transport + 4) + at_ - headers_);
    if (at_ > headers_) transport[13] &= static_cast<uint8_t>(~kTcpCwr);
    if (at_ + (length - headers_) < frame_.length) {
      transport[13] &= static_cast<uint8_t>(~(kTcpFin | kTcpPush));
    }
  } else {
    Write16(transport + 4, size);
  }
  uint8_t* checksum = transport + (is_tcp_ ? 16 : 6);
  Write16(checksum, 0);
  const uint8_t* addresses = segment + network_ + (is_ip6_ ? 8 : 12);
  uint64_t sum = AddBytes(size + (is_tcp_ ? IPPROTO_TCP : IPPROTO_UDP), addresses, is_ip6_ ? 32 : 8);
  const uint16_t value = FinishChecksum(AddBytes(sum, transport, size));
  Write16(checksum, value == 0 && !is_tcp_ ? 0xffff : value);
}

}  // namespace vpp_punt::packet_socket
