// Buffers that several client ports take from one region, so that a packet can change from a ring of one port
// to a ring of another.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "memif/shared/region.h"

namespace vpp_punt::memif {

/// Its memory is seen by the peers of all ports that use it.
class BufferPool {
 public:
  /// Returns null with errno set if there is no memory. `count * buffer_size` is at most UINT32_MAX.
  static std::shared_ptr<BufferPool> Create(uint32_t buffer_size, uint32_t count);

  BufferPool(std::shared_ptr<Region> region, uint32_t buffer_size, uint32_t count);

  const std::shared_ptr<Region>& region() const { return region_; }
  uint32_t buffer_size() const { return buffer_size_; }

  /// Returns the offsets of `count` buffers, or nothing if there are fewer: earlier connections still have
  /// them.
  std::vector<uint32_t> Take(uint32_t count);
  void GiveBack(const std::vector<uint32_t>& offsets);

 private:
  std::shared_ptr<Region> region_;
  uint32_t buffer_size_;
  std::mutex mutex_;
  std::vector<uint32_t> free_;
};

}  // namespace vpp_punt::memif
