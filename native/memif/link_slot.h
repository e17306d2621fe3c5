// Where the control thread leaves the current connection for the queues to pick up.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "memif/link.h"

namespace vpp_punt::memif {

class LinkSlot {
 public:
  void Publish(std::shared_ptr<Link> link) {
    std::lock_guard lock(mutex_);
    link_ = std::move(link);
    generation_.fetch_add(1, std::memory_order_release);
  }

  /// Changes whenever the connection does; one load is all that a burst pays.
  uint32_t generation() const { return generation_.load(std::memory_order_acquire); }

  std::shared_ptr<Link> Get(uint32_t* generation) {
    std::lock_guard lock(mutex_);
    *generation = generation_.load(std::memory_order_relaxed);
    return link_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Link> link_;
  std::atomic<uint32_t> generation_{0};
};

}  // namespace vpp_punt::memif
