#include "vapi/outbox.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstring>

namespace vpp_punt::vapi {

/// The answers to a window of requests never take so much; events for a program that hangs do.
constexpr size_t kMostKept = 256u << 20;

bool Outbox::Push(const uint8_t* message, size_t size) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint8_t header[kFrameHeader] = {};
  const uint32_t length = htonl(static_cast<uint32_t>(size));
  memcpy(header + kFrameLengthAt, &length, sizeof(length));
  kept_.insert(kept_.end(), header, header + kFrameHeader);
  kept_.insert(kept_.end(), message, message + size);
  SendSome();
  return !kept_.empty();
}

bool Outbox::Flush() {
  std::lock_guard<std::mutex> lock(mutex_);
  SendSome();
  return !kept_.empty();
}

bool Outbox::pending() {
  std::lock_guard<std::mutex> lock(mutex_);
  return !kept_.empty();
}

bool Outbox::overflown() {
  std::lock_guard<std::mutex> lock(mutex_);
  return kept_.size() - sent_ > kMostKept;
}

void Outbox::SendSome() {
  while (sent_ < kept_.size()) {
    const ssize_t sent = send(fd_, kept_.data() + sent_, kept_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) break;  // full; or closed, which the reader of the other direction notices
    sent_ += static_cast<size_t>(sent);
  }
  if (sent_ < kept_.size() && sent_ < kept_.size() / 2) return;
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(sent_));
  sent_ = 0;
}

}  // namespace vpp_punt::vapi
