#include "memif/shared/buffer_pool.h"

#include <utility>

namespace vpp_punt::memif {

std::shared_ptr<BufferPool> BufferPool::Create(uint32_t buffer_size, uint32_t count) {
  std::shared_ptr<Region> region = Region::Create(uint64_t{buffer_size} * count);
  if (!region) return nullptr;
  return std::make_shared<BufferPool>(std::move(region), buffer_size, count);
}

BufferPool::BufferPool(std::shared_ptr<Region> region, uint32_t buffer_size, uint32_t count)
    : region_(std::move(region)), buffer_size_(buffer_size), free_(count) {
  // The last one is taken first: pages that no connection has used yet stay untouched.
  for (uint32_t i = 0; i < count; i++) free_[i] = buffer_size * (count - 1 - i);
}

std::vector<uint32_t> BufferPool::Take(uint32_t count) {
  std::lock_guard lock(mutex_);
  if (free_.size() < count) return {};
  std::vector<uint32_t> taken(free_.rbegin(), free_.rbegin() + count);
  free_.resize(free_.size() - count);
  return taken;
}

void BufferPool::GiveBack(const std::vector<uint32_t>& offsets) {
  std::lock_guard lock(mutex_);
  free_.insert(free_.end(), offsets.rbegin(), offsets.rend());
}

}  // namespace vpp_punt::memif
