#include "punt_socket/moderation.h"

#include <algorithm>

#include "punt_socket/send_buffer.h"

namespace vpp_punt::punt_socket {

namespace {

/// The rate is judged over this many packets.
constexpr uint64_t kWindow = 64;
/// A pause that gathered fewer packets was useless.
constexpr uint64_t kWorthwhile = 3;
/// Pausing begins at the rate at which the longest pause gathers so many half packets; it ends at half of
/// that rate.
constexpr uint64_t kEnterHalves = 5;
constexpr uint64_t kShortestNs = 15'000;
constexpr uint64_t kSecondNs = 1'000'000'000;
/// After a useless pause, single packets are read for a while, longer each time: pauses make request and
/// answer many times slower, but a stream has gaps, too.
constexpr uint64_t kShortestBackoffNs = 2'000'000;
constexpr uint64_t kLongestBackoffNs = 200'000'000;
/// A pause may fill a quarter of VPP's send buffer.
constexpr uint64_t kMayFill = kSendBuffer / 4;

}  // namespace

uint64_t Moderation::Pause(uint64_t packets, uint64_t bytes, bool after_pause, uint64_t now_ns) {
  if (gather_ns_ == 0) return 0;
  if (after_pause && packets < kWorthwhile) return Wake(now_ns);
  if (after_pause) backoff_ns_ = kShortestBackoffNs;
  packets_ += packets;
  bytes_ += bytes;
  if (packets_ >= kWindow) EndWindow(now_ns);
  return pause_ns_;
}

void Moderation::EndWindow(uint64_t now_ns) {
  const uint64_t elapsed = std::max<uint64_t>(now_ns - since_ns_, 1);
  const uint64_t rate = packets_ * kSecondNs / elapsed;
  const uint64_t fills_in = kMayFill * elapsed / SendBufferCost(packets_, bytes_);
  packets_ = bytes_ = 0;
  since_ns_ = now_ns;
  const uint64_t pause = std::min(gather_ns_, fills_in);
  const uint64_t enter = kEnterHalves * kSecondNs / 2 / gather_ns_;
  const bool enough = rate >= (pause_ns_ > 0 ? enter / 2 : enter);
  pause_ns_ = enough && pause >= kShortestNs && now_ns >= not_before_ns_ ? pause : 0;
}

/// Returns to single packets.
uint64_t Moderation::Wake(uint64_t now_ns) {
  pause_ns_ = packets_ = bytes_ = 0;
  since_ns_ = now_ns;
  not_before_ns_ = now_ns + backoff_ns_;
  backoff_ns_ = std::min(2 * backoff_ns_, kLongestBackoffNs);
  return 0;
}

}  // namespace vpp_punt::punt_socket
