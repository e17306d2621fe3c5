// Programs of the classic Berkeley Packet Filter: checked once, then run on packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "filter/lanes.h"
#include "filter/matcher.h"

namespace vpp_punt::filter {

/// Longest program that Linux takes (BPF_MAXINSNS).
constexpr size_t kMaxInstructions = 4096;

/// Index of the first instruction that is not allowed, by the rules of Linux (net/core/filter.c,
/// bpf_check_classic): known codes, jumps forward inside the program, no constant division by 0 or shift by
/// more than 31, no cell of memory read before it is written, and a return at the end. The number of
/// instructions if all are good.
size_t FirstBad(const std::vector<Instruction>& program);

/// A program as a matcher.
class ProgramMatcher : public Matcher {
 public:
  /// `program` has been found good.
  explicit ProgramMatcher(std::vector<Instruction> program) : lanes_(std::move(program)) {}

  void Match(const Burst& burst, const uint32_t* which, uint32_t count, uint8_t* hits) override;
  /// The program's result for one packet: how many of its bytes it takes, 0 for none.
  uint32_t Run(const uint8_t* packet, uint32_t length);

 private:
  Lanes lanes_;
};

}  // namespace vpp_punt::filter
