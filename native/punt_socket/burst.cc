#include "punt_socket/burst.h"

#include <cstring>

#include "util/passing.h"

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
      messages_(capacity),
      rooms_(Mapping::New(capacity * sizeof(PassedRoom))) {
  if (!ok()) return;
  for (uint32_t i = 0; i < capacity; i++) {
    vectors_[i] = {memory_->data() + offset(i), max_datagram};
    messages_[i] = {};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_control = rooms_->data() + i * sizeof(PassedRoom);
    messages_[i].msg_hdr.msg_controllen = sizeof(PassedRoom);
  }
}

/// The kernel has written how much of the room it has used.
void Burst::ClosePassed(msghdr* message) {
  if (message->msg_controllen > 0) PassedBeside(message);
  message->msg_controllen = sizeof(PassedRoom);
}

uint32_t Burst::Receive(int fd, uint32_t from) {
  const int count =
      recvmmsg(fd, &messages_[from], capacity() - from, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, nullptr);
  for (int i = 0; i < count; i++) ClosePassed(&messages_[from + static_cast<uint32_t>(i)].msg_hdr);
  return count > 0 ? static_cast<uint32_t>(count) : 0;
}

void Burst::Put(uint32_t i, const uint8_t* datagram, size_t length) {
  memcpy(vectors_[i].iov_base, datagram, length);
  messages_[i].msg_len = static_cast<unsigned>(length);
  messages_[i].msg_hdr.msg_flags = 0;
}

uint32_t Burst::ReceiveOne(int fd) {
  msghdr* const message = &messages_[0].msg_hdr;
  // With MSG_TRUNC the result is the length of the datagram, even if only a part fits.
  const ssize_t length = recvmsg(fd, message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  if (length < 0) return 0;
  messages_[0].msg_len = static_cast<unsigned>(length);
  ClosePassed(message);
  return 1;
}

}  // namespace vpp_punt::punt_socket
