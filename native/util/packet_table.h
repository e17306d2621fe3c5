// The table of lib/packet/batch.ts that describes the packets of a burst.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vpp_punt {

/// Bytes of a table for each packet.
constexpr size_t kPacketTableRow = 3 * sizeof(uint32_t);

/// Three columns of `capacity` cells in one memory: offsets, lengths, sw_if_index values.
class PacketTable {
 public:
  PacketTable() = default;
  PacketTable(uint32_t* columns, uint32_t capacity) : columns_(columns), capacity_(capacity) {}

  uint32_t capacity() const { return capacity_; }
  uint32_t* offsets() const { return columns_; }
  uint32_t* lengths() const { return columns_ + capacity_; }

  uint32_t offset(uint32_t i) const { return columns_[i]; }
  uint32_t length(uint32_t i) const { return columns_[capacity_ + i]; }

  uint32_t sw_if_index(uint32_t i) const { return columns_[2 * capacity_ + i]; }

  void Set(uint32_t i, uint32_t offset, uint32_t length) const {
    columns_[i] = offset;
    columns_[capacity_ + i] = length;
  }
  void Set(uint32_t i, uint32_t offset, uint32_t length, uint32_t sw_if_index) const {
    Set(i, offset, length);
    columns_[2 * capacity_ + i] = sw_if_index;
  }

 private:
  uint32_t* columns_ = nullptr;
  uint32_t capacity_ = 0;
};

}  // namespace vpp_punt
