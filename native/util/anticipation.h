// Whether to look for the next packet instead of sleeping until it comes.
#pragma once

namespace vpp_punt {

/// A peer that waits for our answer sends its next packet a few microseconds after it, and waking up for that
/// packet takes longer than all the rest. So after an answer the event loop polls for a moment without
/// sleeping, as long as that mostly brings a packet.
class Anticipation {
 public:
  /// How long to look, in ns.
  static constexpr unsigned kLookNs = 20'000;

  /// Asked after packets were answered.
  bool Worthwhile() { return score_ >= kTrust || ++declined_ % kRetry == 0; }
  void Came() { score_ = score_ < kMax ? score_ + 1 : kMax; }
  void CameNot() { score_ = score_ > kPenalty ? score_ - kPenalty : 0; }

 private:
  static constexpr unsigned kMax = 16, kTrust = 4, kPenalty = 3, kRetry = 16;
  unsigned score_ = 0, declined_ = 0;
};

}  // namespace vpp_punt
