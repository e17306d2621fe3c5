// When to let packets gather before they are read, as network cards moderate their interrupts.
#pragma once

#include <cstdint>

namespace vpp_punt::punt_socket {

/// A wake-up and a JavaScript call for each packet cost more than the packet. So above a rate the socket is
/// read after a pause. Below it, and for traffic that waits for our answers, it is read at once.
class Moderation {
 public:
  /// `gather_ns`: the longest pause; 0 never pauses.
  explicit Moderation(uint64_t gather_ns) : gather_ns_(gather_ns) {}

  /// How long to pause after a turn that read so much, in ns; 0: wait for the next packet. `after_pause`: the
  /// turn came at the end of a pause.
  uint64_t Pause(uint64_t packets, uint64_t bytes, bool after_pause, uint64_t now_ns);

 private:
  void EndWindow(uint64_t now_ns);
  uint64_t Wake(uint64_t now_ns);

  const uint64_t gather_ns_;
  uint64_t pause_ns_ = 0;
  uint64_t packets_ = 0, bytes_ = 0, since_ns_ = 0;  // of this window
  uint64_t not_before_ns_ = 0, backoff_ns_ = 2'000'000;
};

}  // namespace vpp_punt::punt_socket
