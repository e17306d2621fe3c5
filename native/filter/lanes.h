// Runs a program of the classic Berkeley Packet Filter on many packets side by side.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vpp_punt::filter {

/// As in Linux (linux/filter.h, sock_filter) and libpcap (pcap/bpf.h, bpf_insn).
struct Instruction {
  uint16_t code;
  uint8_t jt;
  uint8_t jf;
  uint32_t k;
};
static_assert(sizeof(Instruction) == 8);

/// Jumps of a program lead forward only. So one pass over its instructions, each on all packets that have
/// come to it, runs it on all of them: a packet costs no jump of the processor, which an interpreter that
/// takes one packet after the other mispredicts.
class Lanes {
 public:
  static constexpr uint32_t kCount = 64;

  /// `program` has been found good.
  explicit Lanes(std::vector<Instruction> program);

  /// Puts a packet into a lane. It stays there for the next Run().
  void Put(uint32_t lane, const uint8_t* packet, uint32_t length) {
    packets_[lane] = packet;
    lengths_[lane] = length;
  }
  /// Runs the program on the packets of the first `count` lanes, at least one.
  void Run(uint32_t count);
  /// The program's result for a packet: how many of its bytes it takes, 0 for none.
  uint32_t result(uint32_t lane) const { return results_[lane]; }

 private:
  using Column = std::array<uint32_t, kCount>;

  template <typename Work>
  void Each(uint64_t lanes, Work work);
  template <typename Test>
  uint64_t Where(uint64_t lanes, Test test);
  template <uint32_t kSize, typename At>
  uint64_t Load(uint64_t lanes, At at, Column* to);
  template <uint32_t kSize>
  uint64_t LoadAll(uint64_t lanes, uint64_t from, Column* to);
  template <typename At>
  uint64_t LoadAt(uint64_t lanes, uint16_t size, At at, Column* to);
  uint64_t LoadFrom(uint64_t lanes, uint16_t size, uint64_t from, Column* to);
  uint64_t LoadFromPacket(uint64_t lanes, const Instruction& load);
  void Calculate(uint64_t lanes, const Instruction& instruction);
  uint64_t Divide(uint64_t lanes, const Instruction& instruction);
  uint64_t Taken(uint64_t lanes, const Instruction& jump) const;
  void Set(uint64_t lanes, const Instruction& instruction);

  const std::vector<Instruction> program_;
  std::vector<uint64_t> waiting_;  // for each instruction, the lanes that have come to it
  uint32_t count_ = 0, shortest_ = 0;
  uint64_t all_ = 0;
  std::array<const uint8_t*, kCount> packets_{};
  Column lengths_{}, a_{}, x_{}, results_{};
  std::array<Column, BPF_MEMWORDS> memory_{};
};

}  // namespace vpp_punt::filter
