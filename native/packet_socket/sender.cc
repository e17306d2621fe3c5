#include "packet_socket/sender.h"

#include <algorithm>
#include <cerrno>

namespace vpp_punt::packet_socket {

Sender::Sender() {
  for (uint32_t i = 0; i < kBurst; i++) {
    vectors_[2 * i] = {&nothing_to_do_, sizeof(nothing_to_do_)};
    messages_[i].msg_hdr.msg_iov = &vectors_[2 * i];
    messages_[i].msg_hdr.msg_iovlen = 2;
  }
}

int Sender::Send(int fd, const uint8_t* bytes, const uint32_t* offsets, const uint32_t* lengths,
                 uint32_t count) {
  const uint32_t now = std::min(count, kBurst);
  for (uint32_t i = 0; i < now; i++) {
    vectors_[2 * i + 1] = {const_cast<uint8_t*>(bytes) + offsets[i], lengths[i]};
  }
  const int sent = sendmmsg(fd, messages_.data(), now, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
}

}  // namespace vpp_punt::packet_socket
