#include "filter/program.h"

#include <endian.h>
#include <linux/filter.h>

#include <cstring>

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

/// A load outside the packet ends the program.
template <uint32_t kSize>
bool Load(const uint8_t* packet, uint32_t length, uint64_t at, uint32_t* value) {
  if (at + kSize > length) return false;
  const uint8_t* byte = packet + at;
  uint32_t word = 0;
  memcpy(&word, byte, kSize);  // in network order
  *value = be32toh(word) >> (32 - 8 * kSize);
  return true;
}

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

// NOLINTNEXTLINE(readability-function-size): one case for each instruction
uint32_t Run(const Instruction* pc, const uint8_t* packet, uint32_t length) {
  uint32_t a = 0, x = 0;
  uint32_t memory[BPF_MEMWORDS];
  for (;; pc++) {
    const uint32_t k = pc->k;
    switch (pc->code) {
      case BPF_RET | BPF_K:
        return k;
      case BPF_RET | BPF_A:
        return a;
      case BPF_LD | BPF_W | BPF_ABS:
        if (!Load<4>(packet, length, k, &a)) return 0;
        break;
      case BPF_LD | BPF_H | BPF_ABS:
        if (!Load<2>(packet, length, k, &a)) return 0;
        break;
      case BPF_LD | BPF_B | BPF_ABS:
        if (!Load<1>(packet, length, k, &a)) return 0;
        break;
      case BPF_LD | BPF_W | BPF_IND:
        if (!Load<4>(packet, length, uint64_t{x} + k, &a)) return 0;
        break;
      case BPF_LD | BPF_H | BPF_IND:
        if (!Load<2>(packet, length, uint64_t{x} + k, &a)) return 0;
        break;
      case BPF_LD | BPF_B | BPF_IND:
        if (!Load<1>(packet, length, uint64_t{x} + k, &a)) return 0;
        break;
      case BPF_LDX | BPF_B | BPF_MSH:
        if (!Load<1>(packet, length, k, &x)) return 0;
        x = (x & 0xF) << 2;
        break;
      // clang-format off
      case BPF_LD | BPF_W | BPF_LEN: a = length; break;
      case BPF_LDX | BPF_W | BPF_LEN: x = length; break;
      case BPF_LD | BPF_IMM: a = k; break;
      case BPF_LDX | BPF_IMM: x = k; break;
      case BPF_LD | BPF_MEM: a = memory[k]; break;
      case BPF_LDX | BPF_MEM: x = memory[k]; break;
      case BPF_ST: memory[k] = a; break;
      case BPF_STX: memory[k] = x; break;
      case BPF_JMP | BPF_JA: pc += k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: pc += a == k ? pc->jt : pc->jf; break;
      case BPF_JMP | BPF_JEQ | BPF_X: pc += a == x ? pc->jt : pc->jf; break;
      case BPF_JMP | BPF_JGT | BPF_K: pc += a > k ? pc->jt : pc->jf; break;
      case BPF_JMP | BPF_JGT | BPF_X: pc += a > x ? pc->jt : pc->jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: pc += a >= k ? pc->jt : pc->jf; break;
      case BPF_JMP | BPF_JGE | BPF_X: pc += a >= x ? pc->jt : pc->jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: pc += (a & k) != 0 ? pc->jt : pc->jf; break;
      case BPF_JMP | BPF_JSET | BPF_X: pc += (a & x) != 0 ? pc->jt : pc->jf; break;
      case BPF_ALU | BPF_ADD | BPF_K: a += k; break;
      case BPF_ALU | BPF_ADD | BPF_X: a += x; break;
      case BPF_ALU | BPF_SUB | BPF_K: a -= k; break;
      case BPF_ALU | BPF_SUB | BPF_X: a -= x; break;
      case BPF_ALU | BPF_MUL | BPF_K: a *= k; break;
      case BPF_ALU | BPF_MUL | BPF_X: a *= x; break;
      case BPF_ALU | BPF_AND | BPF_K: a &= k; break;
      case BPF_ALU | BPF_AND | BPF_X: a &= x; break;
      case BPF_ALU | BPF_OR | BPF_K: a |= k; break;
      case BPF_ALU | BPF_OR | BPF_X: a |= x; break;
      case BPF_ALU | BPF_XOR | BPF_K: a ^= k; break;
      case BPF_ALU | BPF_XOR | BPF_X: a ^= x; break;
      case BPF_ALU | BPF_NEG: a = 0 - a; break;
      case BPF_MISC | BPF_TAX: x = a; break;
      case BPF_MISC | BPF_TXA: a = x; break;
      // A shift by more than 31 gives 0, as in libpcap.
      case BPF_ALU | BPF_LSH | BPF_K: a <<= k; break;
      case BPF_ALU | BPF_LSH | BPF_X: a = x < 32 ? a << x : 0; break;
      case BPF_ALU | BPF_RSH | BPF_K: a >>= k; break;
      case BPF_ALU | BPF_RSH | BPF_X: a = x < 32 ? a >> x : 0; break;
      case BPF_ALU | BPF_DIV | BPF_K: a /= k; break;
      case BPF_ALU | BPF_MOD | BPF_K: a %= k; break;
      // clang-format on
      case BPF_ALU | BPF_DIV | BPF_X:
        if (x == 0) return 0;
        a /= x;
        break;
      case BPF_ALU | BPF_MOD | BPF_X:
        if (x == 0) return 0;
        a %= x;
        break;
      default:
        return 0;
    }
  }
}

void ProgramMatcher::Match(const Burst& burst, const uint32_t* which, uint32_t count, uint8_t* hits) {
  for (uint32_t k = 0; k < count; k++) {
    hits[k] = Run(program_.data(), burst.data(which[k]), burst.length(which[k])) != 0;
  }
}

}  // namespace vpp_punt::filter
