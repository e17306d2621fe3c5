// The bytes of libFuzzer as a sequence of choices. Past their end every choice is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool empty() const { return at_ == end_; }
  uint8_t Byte() { return at_ == end_ ? 0 : *at_++; }
  uint16_t Half() { return static_cast<uint16_t>(Byte() | Byte() << 8); }
  uint32_t Word() { return Half() | static_cast<uint32_t>(Half()) << 16; }
  uint64_t Long() { return Word() | static_cast<uint64_t>(Word()) << 32; }
  uint32_t Below(uint32_t limit) { return Half() % limit; }
  /// True for one byte in sixteen: most fields of a message stay valid, so that the input gets far.
  bool Rarely() { return Byte() >= 240; }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

/// Ends the process where a property does not hold, also in a build without assertions.
inline void Expect(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  fprintf(stderr, "the property in line %d does not hold\n", line);
  abort();
}

}  // namespace fuzz
