// Filter programs and packets from outside: no read beyond a packet, each packet gets the result that it gets
// alone from an interpreter, and a flow is found again by its packet.
#include "filter/program.h"

#include <linux/filter.h>

#include <optional>
#include <vector>

#include "filter/flow_key.h"
#include "filter/match_table.h"
#include "input.h"

namespace {

using namespace vpp_punt::filter;
using fuzz::Expect;
using fuzz::Input;

constexpr uint16_t kCodes[] = {
    BPF_LD | BPF_W | BPF_ABS,   BPF_LD | BPF_H | BPF_ABS,   BPF_LD | BPF_B | BPF_ABS,   BPF_LD | BPF_W | BPF_IND,
    BPF_LD | BPF_B | BPF_IND,   BPF_LD | BPF_W | BPF_LEN,   BPF_LD | BPF_IMM,           BPF_LD | BPF_MEM,
    BPF_LDX | BPF_B | BPF_MSH,  BPF_LDX | BPF_IMM,          BPF_LDX | BPF_MEM,          BPF_ST,
    BPF_STX,                    BPF_ALU | BPF_ADD | BPF_X,  BPF_ALU | BPF_SUB | BPF_K,  BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_X,  BPF_ALU | BPF_MOD | BPF_K,  BPF_ALU | BPF_AND | BPF_K,  BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,  BPF_ALU | BPF_LSH | BPF_X,  BPF_ALU | BPF_RSH | BPF_K,  BPF_ALU | BPF_NEG,
    BPF_MISC | BPF_TAX,         BPF_MISC | BPF_TXA,         BPF_JMP | BPF_JA,           BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,  BPF_JMP | BPF_JGE | BPF_K,  BPF_JMP | BPF_JSET | BPF_X, BPF_RET | BPF_A};

using Packet = std::vector<uint8_t>;

std::vector<Instruction> ProgramOf(Input& input) {
  std::vector<Instruction> program(1 + input.Below(24));
  for (Instruction& each : program) {
    const uint16_t code = input.Rarely() ? input.Half() : kCodes[input.Below(std::size(kCodes))];
    each = {code, static_cast<uint8_t>(input.Below(6)), static_cast<uint8_t>(input.Below(6)),
            input.Rarely() ? input.Word() : input.Below(40)};
    if (BPF_CLASS(code) == BPF_ST || BPF_CLASS(code) == BPF_STX) each.k %= BPF_MEMWORDS;
  }
  program.back() = {BPF_RET | BPF_K, 0, 0, input.Word()};
  return program;
}

/// A value in network order, or nothing if the packet ends before it.
std::optional<uint32_t> At(const Packet& packet, uint64_t from, uint16_t size) {
  const uint32_t bytes = size == BPF_W ? 4 : size == BPF_H ? 2 : 1;
  if (from + bytes > packet.size()) return std::nullopt;
  uint32_t value = 0;
  for (uint32_t i = 0; i < bytes; i++) value = value << 8 | packet[from + i];
  return value;
}

/// Runs a good program on one packet, one instruction after the other.
class Interpreter {
 public:
  explicit Interpreter(const Packet& packet) : packet_(packet) {}

  uint32_t Run(const std::vector<Instruction>& program) {
    for (size_t at = 0;; at++) {
      const Instruction& one = program[at];
      switch (BPF_CLASS(one.code)) {
        case BPF_RET: return BPF_RVAL(one.code) == BPF_A ? a_ : one.k;
        case BPF_JMP: at += Jump(one); break;
        case BPF_LD: if (!Load(one, &a_)) return 0; break;
        case BPF_LDX: if (!Load(one, &x_)) return 0; break;
        case BPF_ST: memory_[one.k] = a_; break;
        case BPF_STX: memory_[one.k] = x_; break;
        case BPF_MISC: (BPF_MISCOP(one.code) == BPF_TAX ? x_ = a_ : a_ = x_); break;
        default: if (!Calculate(one)) return 0;
      }
    }
  }

 private:
  size_t Jump(const Instruction& jump) const {
    if (BPF_OP(jump.code) == BPF_JA) return jump.k;
    const uint32_t with = BPF_SRC(jump.code) == BPF_X ? x_ : jump.k;
    bool taken = (a_ & with) != 0;
    if (BPF_OP(jump.code) == BPF_JEQ) taken = a_ == with;
    if (BPF_OP(jump.code) == BPF_JGT) taken = a_ > with;
    if (BPF_OP(jump.code) == BPF_JGE) taken = a_ >= with;
    return taken ? jump.jt : jump.jf;
  }

  bool Load(const Instruction& load, uint32_t* to) {
    const uint16_t mode = BPF_MODE(load.code), size = BPF_SIZE(load.code);
    std::optional<uint32_t> value = load.k;
    if (mode == BPF_MEM) value = memory_[load.k];
    if (mode == BPF_LEN) value = static_cast<uint32_t>(packet_.size());
    if (mode == BPF_ABS) value = At(packet_, load.k, size);
    if (mode == BPF_IND) value = At(packet_, uint64_t{x_} + load.k, size);
    if (mode == BPF_MSH) value = At(packet_, load.k, BPF_B);
    if (value) *to = mode == BPF_MSH ? 4 * (*value & 15) : *value;
    return value.has_value();
  }

  bool Calculate(const Instruction& one) {
    const uint32_t by = BPF_SRC(one.code) == BPF_X ? x_ : one.k;
    switch (BPF_OP(one.code)) {
      case BPF_ADD: a_ += by; break;
      case BPF_SUB: a_ -= by; break;
      case BPF_MUL: a_ *= by; break;
      case BPF_AND: a_ &= by; break;
      case BPF_OR: a_ |= by; break;
      case BPF_XOR: a_ ^= by; break;
      case BPF_NEG: a_ = 0 - a_; break;
      case BPF_LSH: a_ = by < 32 ? a_ << by : 0; break;
      case BPF_RSH: a_ = by < 32 ? a_ >> by : 0; break;
      case BPF_DIV: if (by == 0) return false; a_ /= by; break;
      default: if (by == 0) return false; a_ %= by;
    }
    return true;
  }

  const Packet& packet_;
  uint32_t a_ = 0, x_ = 0;
  uint32_t memory_[BPF_MEMWORDS] = {};
};

/// Headers that mostly look like those of Ethernet, VLAN tags and IP.
Packet PacketOf(Input& input) {
  Packet packet(input.Below(96));
  for (uint8_t& byte : packet) byte = input.Byte();
  constexpr uint8_t kTypes[][2] = {{0x08, 0x00}, {0x86, 0xdd}, {0x81, 0x00}, {0x88, 0xa8}};
  const uint32_t at = input.Rarely() ? 16 : 12;
  const uint8_t* type = kTypes[input.Below(4)];
  if (packet.size() > at + 2) packet[at] = type[0], packet[at + 1] = type[1];
  if (packet.size() > at + 2 && type[0] != 0x81) packet[at + 2] = type[0] == 8 ? 0x45 : 0x60;
  return packet;
}

void RunPrograms(const std::vector<Instruction>& program, const std::vector<Packet>& packets) {
  if (FirstBad(program) != program.size()) return;
  Lanes lanes(program);
  // An earlier run leaves nothing behind in the next one.
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < packets.size(); i++)
      lanes.Put(i, packets[i].data(), static_cast<uint32_t>(packets[i].size()));
    lanes.Run(static_cast<uint32_t>(packets.size()));
    for (uint32_t i = 0; i < packets.size(); i++)
      Expect(lanes.result(i) == Interpreter(packets[i]).Run(program));
  }
}

void ReadKeys(const Packet& packet, bool is_ethernet) {
  const auto length = static_cast<uint32_t>(packet.size());
  FlowKey key;
  ReadFlow(packet.data(), length, is_ethernet, &key);
  FlowKey twice = key;
  Reverse(&twice);
  Reverse(&twice);
  Expect(twice.family == key.family);
  if (key.family == FlowFamily::kIp4) Expect(twice.ip4 == key.ip4);
  if (key.family == FlowFamily::kIp6) Expect(twice.ip6 == key.ip6);
  Expect(ReadVlan(packet.data(), length) < 4096);
  const auto table = MatchTable::New({TableKind::kFlow, is_ethernet, 8});
  const MatchTable::Learned learned = table->Learn(packet.data(), length, false, 7);
  Expect((learned == MatchTable::Learned::kDone) == (key.family != FlowFamily::kNone));
  uint32_t columns[3] = {0, length, 0};
  const uint32_t which[] = {0};
  uint32_t value = 1;
  table->Lookup({packet.data(), packet.size(), vpp_punt::PacketTable(columns, 1)}, which, 1, &value);
  Expect(value == (key.family == FlowFamily::kNone ? 0 : 7));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const std::vector<Instruction> program = ProgramOf(input);
  std::vector<Packet> packets(1 + input.Below(Lanes::kCount));
  for (Packet& packet : packets) packet = PacketOf(input);
  RunPrograms(program, packets);
  ReadKeys(packets[0], input.Byte() & 1);
  return 0;
}
