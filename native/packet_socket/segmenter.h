// Cuts the large frames of TCP and UDP segmentation offload into the frames that a wire would carry.
#pragma once

#include <cstdint>

#include "packet_socket/frame.h"

namespace vpp_punt::packet_socket {

/// Works on one large frame at a time, which must stay where it is until Pending() is false.
class Segmenter {
 public:
  /// False when this class cannot cut the frame. The caller then hands it on as it is.
  bool Start(const Frame& frame, const Offload& offload);

  bool Pending() const { return at_ < frame_.length; }
  /// Bytes of the next segment.
  uint32_t NextLength() const { return headers_ + Payload(); }
  /// Writes the next segment, all checksums complete.
  void Next(uint8_t* into);

 private:
  uint32_t Payload() const;
  void MendNetwork(uint8_t* segment, uint32_t length) const;
  void MendTransport(uint8_t* segment, uint32_t length) const;

  Frame frame_ = {nullptr, 0};
  uint32_t network_ = 0, transport_ = 0, headers_ = 0;  // offsets: of IP, of TCP or UDP, of the payload
  uint32_t size_ = 0;                                   // payload of a segment
  uint32_t at_ = 0;                                     // where the next payload starts
  bool is_ip6_ = false, is_tcp_ = false;
};

}  // namespace vpp_punt::packet_socket
