// Frames with offload headers that lie, as a device of a hostile guest may send them: no read or write
// outside the frame and its segment.
#include "packet_socket/segmenter.h"

#include <algorithm>
#include <vector>

#include "input.h"

namespace {

using namespace vpp_punt::packet_socket;
using fuzz::Expect;
using fuzz::Input;

constexpr uint32_t kBefore = kHeadroom + sizeof(virtio_net_hdr);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Offload offload;
  const uint8_t types[] = {0, VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP_L4};
  offload.gso_type = input.Rarely() ? input.Byte() : types[input.Below(4)];
  offload.gso_size = static_cast<uint16_t>(input.Rarely() ? input.Half() : input.Below(64));
  offload.wants_checksum = input.Byte() & 1;
  offload.checksum_start = input.Rarely() ? input.Half() : input.Below(80);
  offload.checksum_at = offload.checksum_start + (input.Rarely() ? input.Half() : input.Below(20));
  const bool tagged = input.Byte() & 1;
  const uint32_t length = 14 + input.Below(400);
  // Exactly as large as the frame: the sanitizer then sees every read beyond it.
  std::vector<uint8_t> memory(kBefore + length);
  for (uint32_t i = 0; i < length; i++) memory[kBefore + i] = input.Byte();
  Frame frame = {memory.data() + kBefore, length};
  CompleteChecksum(frame, offload);
  if (tagged) RestoreVlanTag(&frame, &offload, tpacket3_hdr{});
  Segmenter segmenter;
  if (!segmenter.Start(frame, offload)) return 0;
  for (int i = 0; segmenter.Pending(); i++) {
    Expect(i < 1000);
    const uint32_t next = segmenter.NextLength();
    Expect(next <= frame.length);
    std::vector<uint8_t> segment(next);
    segmenter.Next(segment.data());
  }
  return 0;
}
