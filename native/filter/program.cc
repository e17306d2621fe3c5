#include "filter/program.h"

#include <linux/filter.h>

#include <algorithm>

namespace vpp_punt::filter {

namespace {

bool IsReturn(uint16_t code) {
  return code == (BPF_RET | BPF_K) || code == (BPF_RET | BPF_A);
}

/// Whether the operands are good, jumps and memory aside.
bool IsKnown(const Instruction& instruction) {
  switch (instruction.code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_H | BPF_ABS:
    case BPF_LD | BPF_B | BPF_ABS:
    case BPF_LD | BPF_W | BPF_IND:
    case BPF_LD | BPF_H | BPF_IND:
    case BPF_LD | BPF_B | BPF_IND:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_B | BPF_MSH:
    case BPF_LDX | BPF_IMM:
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_MOD | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_JMP | BPF_JA:
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
      return true;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
      return instruction.k < BPF_MEMWORDS;
    case BPF_ALU | BPF_DIV | BPF_K:
    case BPF_ALU | BPF_MOD | BPF_K:
      return instruction.k != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
      return instruction.k < 32;
    default:
      return false;
  }
}

/// Follows which cells of memory are written on every way to an instruction.
class Writes {
 public:
  explicit Writes(size_t count) : at_(count, kAll) {}

  /// Returns false if the instruction jumps out of the program, or reads a cell that may be unwritten.
  bool Step(const Instruction& instruction, size_t index) {
    written_ &= at_[index];
    const uint16_t kind = BPF_CLASS(instruction.code);
    if (kind == BPF_JMP) return Jump(instruction, index);
    if (kind == BPF_ST || kind == BPF_STX) written_ |= static_cast<uint16_t>(1u << instruction.k);
    const bool reads = (kind == BPF_LD || kind == BPF_LDX) && BPF_MODE(instruction.code) == BPF_MEM;
    return !reads || (written_ & (1u << instruction.k)) != 0;
  }

 private:
  static constexpr uint16_t kAll = 0xFFFF;

  bool Jump(const Instruction& instruction, size_t index) {
    const bool always = instruction.code == (BPF_JMP | BPF_JA);
    const bool reached = always ? Reach(index + 1 + instruction.k)
                                : Reach(index + 1 + instruction.jt) && Reach(index + 1 + instruction.jf);
    written_ = kAll;
    return reached;
  }

  bool Reach(size_t index) {
    if (index >= at_.size()) return false;
    at_[index] &= written_;
    return true;
  }

  std::vector<uint16_t> at_;
  uint16_t written_ = 0;
};

}  // namespace

size_t FirstBad(const std::vector<Instruction>& program) {
  const size_t count = program.size();
  Writes writes(count);
  for (size_t i = 0; i < count; i++) {
    if (!IsKnown(program[i]) || !writes.Step(program[i], i)) return i;
  }
  if (count == 0 || IsReturn(program[count - 1].code)) return count;
  return count - 1;
}

void ProgramMatcher::Match(const Burst& burst, const uint32_t* which, uint32_t count, uint8_t* hits) {
  for (uint32_t from = 0; from < count; from += Lanes::kCount) {
    const uint32_t some = std::min(Lanes::kCount, count - from);
    for (uint32_t i = 0; i < some; i++) {
      const uint32_t packet = which[from + i];
      lanes_.Put(i, burst.data(packet), burst.length(packet));
    }
    lanes_.Run(some);
    for (uint32_t i = 0; i < some; i++) hits[from + i] = lanes_.result(i) != 0;
  }
}

uint32_t ProgramMatcher::Run(const uint8_t* packet, uint32_t length) {
  lanes_.Put(0, packet, length);
  lanes_.Run(1);
  return lanes_.result(0);
}

}  // namespace vpp_punt::filter
