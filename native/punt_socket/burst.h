// A slab of equal slots that one recvmmsg call fills.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "util/mapping.h"

namespace vpp_punt::punt_socket {

/// Descriptors that are passed beside datagrams are closed elsewhere.
class Burst {
 public:
  /// Room for `capacity` datagrams of up to `max_datagram` bytes each. Check ok().
  Burst(uint32_t capacity, size_t max_datagram);
  bool ok() const { return memory_ != nullptr && rooms_ != nullptr; }

  /// Receives the queued datagrams without waiting, and returns their number: 0 for none, or after an error.
  /// Slots before `from` stay as they are.
  uint32_t Receive(int fd, uint32_t from = 0);

  /// Copies a datagram into slot i. It fits.
  void Put(uint32_t i, const uint8_t* datagram, size_t length);

  /// Receives at most one datagram, at half the cost when none is queued.
  uint32_t ReceiveOne(int fd);

  uint32_t capacity() const { return static_cast<uint32_t>(messages_.size()); }
  /// Where datagram i lies in memory().
  size_t offset(uint32_t i) const { return i * stride_; }
  const uint8_t* data(uint32_t i) const { return memory_->data() + offset(i); }
  size_t length(uint32_t i) const { return messages_[i].msg_len; }
  bool truncated(uint32_t i) const { return messages_[i].msg_hdr.msg_flags & MSG_TRUNC; }
  const std::shared_ptr<Mapping>& memory() const { return memory_; }

 private:
  void ClosePassed(msghdr* message);

  size_t stride_;
  std::shared_ptr<Mapping> memory_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
  std::shared_ptr<Mapping> rooms_;  // for what is passed beside each datagram
};

}  // namespace vpp_punt::punt_socket
