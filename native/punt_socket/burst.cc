#include "punt_socket/burst.h"

#include <cstring>

namespace vpp_punt::punt_socket {

namespace {

/// An odd number of cache lines, so that the first lines of the slots spread over all sets of a cache.
size_t StrideOf(size_t max_datagram) {
  return (((max_datagram + 63) / 64) | 1) * 64;
}

}  // namespace

Burst::Burst(uint32_t capacity, size_t max_datagram)
    : stride_(StrideOf(max_datagram)),
      memory_(Mapping::New(capacity * stride_)),
      vectors_(capacity),
      messages_(capacity) {
  if (!memory_) return;
  for (uint32_t i = 0; i < capacity; i++) {
    vectors_[i] = {memory_->data() + offset(i), max_datagram};
    messages_[i] = {};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

uint32_t Burst::Receive(int fd, uint32_t from) {
  const int count = recvmmsg(fd, &messages_[from], capacity() - from, MSG_DONTWAIT, nullptr);
  return count > 0 ? static_cast<uint32_t>(count) : 0;
}

void Burst::Put(uint32_t i, const uint8_t* datagram, size_t length) {
  memcpy(vectors_[i].iov_base, datagram, length);
  messages_[i].msg_len = static_cast<unsigned>(length);
  messages_[i].msg_hdr.msg_flags = 0;
}

uint32_t Burst::ReceiveOne(int fd) {
  // With MSG_TRUNC the result is the length of the datagram, even if only a part fits.
  const ssize_t length = recv(fd, vectors_[0].iov_base, vectors_[0].iov_len, MSG_DONTWAIT | MSG_TRUNC);
  if (length < 0) return 0;
  messages_[0].msg_len = static_cast<unsigned>(length);
  messages_[0].msg_hdr.msg_flags = static_cast<size_t>(length) > vectors_[0].iov_len ? MSG_TRUNC : 0;
  return 1;
}

}  // namespace vpp_punt::punt_socket
