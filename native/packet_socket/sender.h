// Sends bursts of frames.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "packet_socket/frame.h"

namespace vpp_punt::packet_socket {

/// With sendmmsg, one system call a burst. A transmit ring (PACKET_TX_RING) would copy the frames of other
/// memory (a memif's, an application's) as often, and says less: it does not tell a refused frame from a sent
/// frame, and its frames are lost when the device goes.
class Sender {
 public:
  static constexpr uint32_t kBurst = 64;

  Sender();

  /// Sends the first `count` frames at those offsets of `bytes`: how many the kernel took; if none, a
  /// negative errno value.
  int Send(int fd, const uint8_t* bytes, const uint32_t* offsets, const uint32_t* lengths, uint32_t count);

 private:
  virtio_net_hdr nothing_to_do_ = {};  // precedes each frame, as PACKET_VNET_HDR wants it
  std::array<mmsghdr, kBurst> messages_ = {};
  std::array<iovec, 2 * kBurst> vectors_ = {};
};

}  // namespace vpp_punt::packet_socket
