#include "filter/rules.h"

#include <algorithm>

namespace vpp_punt::filter {

const std::vector<Action>& Rules::Decide(const Burst& burst, uint32_t count) {
  actions_.assign(count, Action::kDeliver);
  undecided_.resize(count);
  hits_.resize(count);
  uint32_t left = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (burst.Contains(i)) undecided_[left++] = i;
  }
  for (Rule& rule : rules_) {
    if (left == 0) break;
    left = Apply(&rule, burst, left);
  }
  return actions_;
}

/// Returns how many packets are undecided after it.
uint32_t Rules::Apply(Rule* rule, const Burst& burst, uint32_t left) {
  if (rule->matcher) {
    rule->matcher->Match(burst, undecided_.data(), left, hits_.data());
  } else {
    std::fill_n(hits_.begin(), left, uint8_t{1});
  }
  uint32_t kept = 0;
  for (uint32_t k = 0; k < left; k++) {
    const uint32_t i = undecided_[k];
    if (hits_[k] != 0) {
      rule->packets++;
      rule->bytes += burst.length(i);
      if (rule->action != Action::kCount) {
        actions_[i] = rule->action;
        continue;
      }
    }
    undecided_[kept++] = i;
  }
  return kept;
}

}  // namespace vpp_punt::filter
