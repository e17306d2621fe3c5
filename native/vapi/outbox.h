// Frames for JavaScript, which wait here while it is busy.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace vpp_punt::vapi {

/// Bytes before the message in a frame of the API socket: u64 unused, u32 length (big-endian), u32 unused.
constexpr size_t kFrameHeader = 16;
constexpr size_t kFrameLengthAt = 8;

class Outbox {
 public:
  /// Writes to `fd`, a non-blocking stream socket, which outlives the outbox.
  explicit Outbox(int fd) : fd_(fd) {}

  /// Sends or keeps one message. From any thread. Returns whether a Flush must send the rest.
  bool Push(const uint8_t* message, size_t size);
  /// Sends kept messages while the socket has room; returns whether some are left.
  bool Flush();
  bool pending();
  /// So much is kept that JavaScript must have stopped reading.
  bool overflown();

 private:
  void SendSome();

  const int fd_;
  std::mutex mutex_;
  std::vector<uint8_t> kept_;
  size_t sent_ = 0;  // of kept_
};

}  // namespace vpp_punt::vapi
