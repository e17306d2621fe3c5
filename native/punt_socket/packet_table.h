// The table of lib/packet/batch.ts that describes a burst: three columns in one ArrayBuffer.
#pragma once

#include <cstdint>

namespace vpp_punt::punt_socket {

class PacketTable {
 public:
  PacketTable() = default;
  PacketTable(uint32_t* columns, uint32_t capacity) : columns_(columns), capacity_(capacity) {}

  uint32_t capacity() const { return capacity_; }

  uint32_t offset(uint32_t i) const { return columns_[i]; }
  uint32_t length(uint32_t i) const { return columns_[capacity_ + i]; }

  void Set(uint32_t i, uint32_t offset, uint32_t length, uint32_t sw_if_index) {
    columns_[i] = offset;
    columns_[capacity_ + i] = length;
    columns_[2 * capacity_ + i] = sw_if_index;
  }

 private:
  uint32_t* columns_ = nullptr;
  uint32_t capacity_ = 0;
};

}  // namespace vpp_punt::punt_socket
