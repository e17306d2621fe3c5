// Programs of the classic Berkeley Packet Filter: checked once, then run on packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "filter/matcher.h"

namespace vpp_punt::filter {

/// As in Linux (linux/filter.h, sock_filter) and libpcap (pcap/bpf.h, bpf_insn).
struct Instruction {
  uint16_t code;
  uint8_t jt;
  uint8_t jf;
  uint32_t k;
};
static_assert(sizeof(Instruction) == 8);

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
  explicit ProgramMatcher(std::vector<Instruction> program) : program_(std::move(program)) {}

  void Match(const Burst& burst, const uint32_t* which, uint32_t count, uint8_t* hits) override;
  const Instruction* program() const { return program_.data(); }

 private:
  std::vector<Instruction> program_;
};

/// Runs a program that has been found good. Returns its result: how many bytes of the packet it takes, 0 for
/// none.
uint32_t Run(const Instruction* program, const uint8_t* packet, uint32_t length);

}  // namespace vpp_punt::filter
