// When to let packets gather before they are read, as network cards moderate their interrupts.
#pragma once

#include <cstdint>

namespace vpp_punt::punt_socket {

/// A wake-up and a JavaScript call a packet cost more than the packet. So above a rate the socket is read
/// after a pause; below it, and for traffic that turns out to wait for our answers, at once.
class Moderation {
 public:
  /// `limit_ns`: the longest pause, 0 for none ever.
  explicit Moderation(uint64_t limit_ns) : limit_ns_(limit_ns) {}

  /// After a turn in which that much was read, at the end of a pause or not: how long to pause, in ns. 0:
  /// wait for the next packet.
  uint64_t Pause(uint64_t packets, uint64_t bytes, bool after_pause, uint64_t now_ns);

 private:
  void EndWindow(uint64_t now_ns);
  uint64_t Wake(uint64_t now_ns);

  const uint64_t limit_ns_;
  uint64_t pause_ns_ = 0;
  uint64_t packets_ = 0, bytes_ = 0, since_ns_ = 0;  // of this window
  uint64_t not_before_ns_ = 0, backoff_ns_ = 2'000'000;
};

}  // namespace vpp_punt::punt_socket
