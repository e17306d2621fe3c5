#include "memif/binding/selection.h"

#include <algorithm>

namespace vpp_punt::memif {

using filter::Action;

Selection::Selection(std::shared_ptr<filter::Rules> rules, uint32_t capacity)
    : rules_(std::move(rules)),
      columns_(size_t{3} * capacity),
      all_(columns_.data(), capacity),
      own_(capacity),
      marks_(capacity),
      delivered_at_(capacity) {}

uint32_t Selection::Decide(const BurstMemory& memory, uint32_t count, const PacketTable& delivered) {
  const std::vector<Action>& actions = rules_->Decide({memory.data, memory.size, all_}, count);
  burst_ = count;
  count_ = passing_ = dropped_ = 0;
  kept_bytes_ = 0;
  for (uint32_t i = 0; i < count; i++) {
    own_[i] = kDropped;
    if (actions[i] == Action::kDrop) {
      dropped_++;
      continue;
    }
    kept_bytes_ += all_.length(i);
    if (actions[i] == Action::kPass) {
      own_[i] = kPassing;
      passing_++;
    } else {
      delivered.Set(count_, all_.offset(i), all_.length(i));
      delivered_at_[count_++] = i;
    }
  }
  return count_;
}

Choice Selection::Rest() {
  marks_ = own_;
  return {marks_.data(), burst_};
}

Choice Selection::Spread(const PacketTable& delivered, const Choice& choice) {
  Rest();
  for (uint32_t k = 0; k < count_ && k < choice.count; k++) {
    const uint32_t i = delivered_at_[k];
    marks_[i] = choice.marks[k];
    all_.Set(i, delivered.offset(k), delivered.length(k));
  }
  return {marks_.data(), burst_};
}

uint32_t Selection::TakeSent(uint32_t sent) {
  uint32_t unseen = 0;
  for (uint32_t i = 0; i < burst_ && sent > 0; i++) {
    if (marks_[i] != kPassing) continue;
    sent--;
    if (own_[i] == kPassing) unseen++;
  }
  passing_ = 0;
  std::fill(own_.begin(), own_.end(), kDropped);
  return unseen;
}

}  // namespace vpp_punt::memif
