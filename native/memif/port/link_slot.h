// Where the control thread leaves the current connection for the queues to pick up.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "memif/shared/link.h"

namespace vpp_punt::memif {

class LinkSlot {
 public:
  /// Publishes the new connection, or null for none. A connection that has ended in good order is kept for
  /// receivers that have not seen it yet.
  void Publish(std::shared_ptr<Link> link) {
    std::lock_guard lock(mutex_);
    if (link_) {
      ended_ = link_->failed() ? nullptr : std::move(link_);
      ended_generation_ = generation_.load(std::memory_order_relaxed);
    }
    link_ = std::move(link);
    generation_.fetch_add(1, std::memory_order_release);  // pairs with the load in generation()
  }

  /// Forgets the ended connection: the port is closed.
  void Clear() {
    std::lock_guard lock(mutex_);
    ended_.reset();
  }

  /// Changes whenever the connection does; one load is all that a burst pays. It pairs with the increment in
  /// Publish: a queue that sees the new number finds the new connection.
  uint32_t generation() const { return generation_.load(std::memory_order_acquire); }

  std::shared_ptr<Link> Get(uint32_t* generation) {
    std::lock_guard lock(mutex_);
    *generation = generation_.load(std::memory_order_relaxed);
    return link_;
  }

  /// For a receiver that has got as far as `*generation`: the ended connection that the receiver has missed,
  /// or the current connection.
  std::shared_ptr<Link> GetNext(uint32_t* generation) {
    {
      std::lock_guard lock(mutex_);
      if (ended_ && *generation < ended_generation_) {
        *generation = ended_generation_;
        return ended_;
      }
    }
    return Get(generation);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Link> link_;
  std::shared_ptr<Link> ended_;
  uint32_t ended_generation_ = 0;
  std::atomic<uint32_t> generation_{0};
};

}  // namespace vpp_punt::memif
