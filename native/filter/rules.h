// Decisions about the packets of a burst, without JavaScript.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "filter/matcher.h"

namespace vpp_punt::filter {

/// By their numbers in lib/packet/rules.ts.
enum class Action : uint8_t { kDeliver, kPass, kDrop, kCount };

struct Rule {
  std::shared_ptr<Matcher> matcher;  // null: takes every packet
  Action action = Action::kDeliver;
  uint64_t packets = 0, bytes = 0;  // that it has taken
};

/// Rules in their order. The first rule that takes a packet decides about it; a rule that counts decides
/// nothing. A packet that no rule decides about is delivered. Belongs to one thread.
class Rules {
 public:
  explicit Rules(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  /// Decides about the first `count` packets. The result is valid until the next call.
  const std::vector<Action>& Decide(const Burst& burst, uint32_t count);

  const std::vector<Rule>& all() const { return rules_; }

 private:
  uint32_t Apply(Rule* rule, const Burst& burst, uint32_t left);

  std::vector<Rule> rules_;
  std::vector<Action> actions_;
  std::vector<uint32_t> undecided_;
  std::vector<uint8_t> hits_;
};

}  // namespace vpp_punt::filter
