#include "filter/lanes.h"

#include <endian.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace vpp_punt::filter {

namespace {

/// A load outside the packet reads from here, and ends the program.
constexpr uint8_t kOutside[4] = {};

/// Four neighboring lanes, which are compared at once.
constexpr uint32_t kFour = 4;
using Four = uint32_t __attribute__((vector_size(4 * kFour)));
constexpr uint32_t kFours = Lanes::kCount / kFour;

/// Bits of a set of lanes. Their order is that in which comparisons of four lanes leave them: first the bits
/// of each first lane of four, then of each second one.
constexpr uint32_t BitOf(uint32_t lane) {
  return lane % kFour * kFours + lane / kFour;
}
constexpr uint32_t LaneOf(uint32_t bit) {
  return bit % kFours * kFour + bit / kFours;
}

Four FourOf(const std::array<uint32_t, Lanes::kCount>& column, uint32_t which) {
  Four values;
  memcpy(&values, column.data() + kFour * which, sizeof(values));
  return values;
}

}  // namespace

Lanes::Lanes(std::vector<Instruction> program) : program_(std::move(program)), waiting_(program_.size()) {}

/// Calls `work` with each of the lanes.
template <typename Work>
void Lanes::Each(uint64_t lanes, Work work) {
  if (lanes == all_) {
    for (uint32_t i = 0; i < count_; i++) work(i);
    return;
  }
  for (; lanes != 0; lanes &= lanes - 1) work(LaneOf(static_cast<uint32_t>(__builtin_ctzll(lanes))));
}

/// Returns those of the lanes for which the test is true.
template <typename Test>
uint64_t Lanes::Where(uint64_t lanes, Test test) {
  uint64_t found = 0;
  Each(lanes, [&](uint32_t i) { found |= uint64_t{test(i)} << BitOf(i); });
  return found;
}

/// Loads a value in network order from each packet. Returns the lanes whose packet has it.
template <uint32_t kSize, typename At>
uint64_t Lanes::Load(uint64_t lanes, At at, Column* to) {
  return Where(lanes, [&](uint32_t i) {
    const uint64_t from = at(i);
    const bool inside = from + kSize <= lengths_[i];
    uint32_t word = 0;
    memcpy(&word, inside ? packets_[i] + from : kOutside, kSize);
    (*to)[i] = be32toh(word) >> (32 - 8 * kSize);
    return inside;
  });
}

/// The same from one offset, at which every packet has the value.
template <uint32_t kSize>
uint64_t Lanes::LoadAll(uint64_t lanes, uint64_t from, Column* to) {
  Each(lanes, [&](uint32_t i) {
    uint32_t word = 0;
    memcpy(&word, packets_[i] + from, kSize);
    (*to)[i] = be32toh(word) >> (32 - 8 * kSize);
  });
  return lanes;
}

template <typename At>
uint64_t Lanes::LoadAt(uint64_t lanes, uint16_t size, At at, Column* to) {
  if (size == BPF_W) return Load<4>(lanes, at, to);
  if (size == BPF_H) return Load<2>(lanes, at, to);
  return Load<1>(lanes, at, to);
}

uint64_t Lanes::LoadFrom(uint64_t lanes, uint16_t size, uint64_t from, Column* to) {
  if (from + sizeof(uint32_t) > shortest_)
    return LoadAt(
        lanes, size, [from](uint32_t) { return from; }, to);
  if (size == BPF_W) return LoadAll<4>(lanes, from, to);
  return size == BPF_H ? LoadAll<2>(lanes, from, to) : LoadAll<1>(lanes, from, to);
}

uint64_t Lanes::LoadFromPacket(uint64_t lanes, const Instruction& load) {
  const uint64_t k = load.k;
  const uint16_t size = BPF_SIZE(load.code), mode = BPF_MODE(load.code);
  if (mode == BPF_IND)
    return LoadAt(
        lanes, size, [this, k](uint32_t i) { return x_[i] + k; }, &a_);
  if (mode == BPF_ABS) return LoadFrom(lanes, size, k, &a_);
  const uint64_t on = LoadFrom(lanes, BPF_B, k, &x_);  // BPF_MSH: the length of an IPv4 header
  Each(on, [this](uint32_t i) { x_[i] = (x_[i] & 0xF) << 2; });
  return on;
}

/// Loads that cannot fail, stores, and moves between the registers.
void Lanes::Set(uint64_t lanes, const Instruction& instruction) {
  const uint32_t k = instruction.k;
  const auto copy = [&](const Column& from, Column* to) {
    Each(lanes, [&from, to](uint32_t i) { (*to)[i] = from[i]; });
  };
  const uint16_t kind = BPF_CLASS(instruction.code);
  if (kind == BPF_ST) return copy(a_, &memory_[k]);
  if (kind == BPF_STX) return copy(x_, &memory_[k]);
  if (kind == BPF_MISC) return BPF_MISCOP(instruction.code) == BPF_TAX ? copy(a_, &x_) : copy(x_, &a_);
  Column* const to = kind == BPF_LD ? &a_ : &x_;
  if (BPF_MODE(instruction.code) == BPF_MEM) return copy(memory_[k], to);
  if (BPF_MODE(instruction.code) == BPF_LEN) return copy(lengths_, to);
  Each(lanes, [k, to](uint32_t i) { (*to)[i] = k; });
}

void Lanes::Calculate(uint64_t lanes, const Instruction& instruction) {
  const bool by_x = BPF_SRC(instruction.code) == BPF_X;
  const auto with = [&](auto operation) {
    if (by_x) return Each(lanes, [&](uint32_t i) { a_[i] = operation(a_[i], x_[i]); });
    const uint32_t k = instruction.k;
    Each(lanes, [&, k](uint32_t i) { a_[i] = operation(a_[i], k); });
  };
  switch (BPF_OP(instruction.code)) {
    // clang-format off
    case BPF_ADD: return with([](uint32_t a, uint32_t b) { return a + b; });
    case BPF_SUB: return with([](uint32_t a, uint32_t b) { return a - b; });
    case BPF_MUL: return with([](uint32_t a, uint32_t b) { return a * b; });
    case BPF_AND: return with([](uint32_t a, uint32_t b) { return a & b; });
    case BPF_OR: return with([](uint32_t a, uint32_t b) { return a | b; });
    case BPF_XOR: return with([](uint32_t a, uint32_t b) { return a ^ b; });
    case BPF_NEG: return with([](uint32_t a, uint32_t) { return 0 - a; });
    // A shift by more than 31 gives 0, as in libpcap.
    case BPF_LSH: return with([](uint32_t a, uint32_t b) { return b < 32 ? a << b : 0; });
    default: return with([](uint32_t a, uint32_t b) { return b < 32 ? a >> b : 0; });  // BPF_RSH
      // clang-format on
  }
}

/// Divides, or takes the remainder. Returns the lanes that did not divide by 0.
uint64_t Lanes::Divide(uint64_t lanes, const Instruction& instruction) {
  const bool by_x = BPF_SRC(instruction.code) == BPF_X;
  const bool remainder = BPF_OP(instruction.code) == BPF_MOD;
  return Where(lanes, [&](uint32_t i) {
    const uint32_t by = by_x ? x_[i] : instruction.k;
    if (by != 0) a_[i] = remainder ? a_[i] % by : a_[i] / by;
    return by != 0;
  });
}

/// The lanes for which a jump's condition is true. It is looked at in every lane.
uint64_t Lanes::Taken(uint64_t lanes, const Instruction& jump) const {
  const bool by_x = BPF_SRC(jump.code) == BPF_X;
  const auto where = [&](auto test) {
    Four taken = {};
    for (uint32_t i = 0; i < kFours; i++) {
      const Four with = by_x ? FourOf(x_, i) : Four{} + jump.k;
      taken |= Four(test(FourOf(a_, i), with)) & (uint32_t{1} << i);  // a true comparison is all ones
    }
    uint64_t bits = 0;
    for (uint32_t i = 0; i < kFour; i++) bits |= uint64_t{taken[i]} << (kFours * i);
    return bits & lanes;
  };
  switch (BPF_OP(jump.code)) {
    // clang-format off
    case BPF_JEQ: return where([](Four a, Four b) { return a == b; });
    case BPF_JGT: return where([](Four a, Four b) { return a > b; });
    case BPF_JGE: return where([](Four a, Four b) { return a >= b; });
    default: return where([](Four a, Four b) { return (a & b) != 0; });  // BPF_JSET
      // clang-format on
  }
}

void Lanes::Run(uint32_t count) {
  count_ = count;
  all_ = count == kCount ? ~uint64_t{0} : 0;
  if (all_ == 0)
    for (uint32_t i = 0; i < count; i++) all_ |= uint64_t{1} << BitOf(i);
  shortest_ = *std::min_element(lengths_.begin(), lengths_.begin() + count);
  a_ = x_ = results_ = {};
  waiting_[0] = all_;
  uint64_t left = all_;
  for (size_t at = 0; left != 0; at++) {
    const uint64_t here = std::exchange(waiting_[at], 0);
    if (here == 0) continue;
    const Instruction& instruction = program_[at];
    const uint16_t mode = BPF_MODE(instruction.code);
    uint64_t on = here;
    switch (BPF_CLASS(instruction.code)) {
      case BPF_RET: {
        const bool by_a = BPF_RVAL(instruction.code) == BPF_A;
        Each(here, [&](uint32_t i) { results_[i] = by_a ? a_[i] : instruction.k; });
        left &= ~here;
        continue;
      }
      case BPF_JMP: {
        if (BPF_OP(instruction.code) == BPF_JA) {
          waiting_[at + 1 + instruction.k] |= here;
          continue;
        }
        const uint64_t taken = Taken(here, instruction);
        waiting_[at + 1 + instruction.jt] |= taken;
        waiting_[at + 1 + instruction.jf] |= here & ~taken;
        continue;
      }
      case BPF_ALU: {
        const uint16_t operation = BPF_OP(instruction.code);
        if (operation == BPF_DIV || operation == BPF_MOD)
          on = Divide(here, instruction);
        else
          Calculate(here, instruction);
        break;
      }
      case BPF_LD:
      case BPF_LDX:
        if (mode == BPF_ABS || mode == BPF_IND || mode == BPF_MSH) {
          on = LoadFromPacket(here, instruction);
          break;
        }
        [[fallthrough]];
      default:
        Set(here, instruction);
    }
    waiting_[at + 1] |= on;
    left &= ~(here & ~on);
  }
}

}  // namespace vpp_punt::filter
