#include "memif/port/subscription.h"

#include <utility>

namespace vpp_punt::memif {

/// Most events that wait for a listener. A listener that has not run for so long gets the newest only.
constexpr size_t kMaxEvents = 1024;

void Subscription::Push(const PortEvent& event) {
  std::lock_guard lock(mutex_);
  if (canceled_) return;
  if (events_.size() == kMaxEvents) events_.erase(events_.begin());
  events_.push_back(event);
  if (wake_) wake_();
}

std::vector<PortEvent> Subscription::Take() {
  std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

void Subscription::Listen(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  if (!events_.empty()) wake_();
}

void Subscription::Cancel() {
  std::lock_guard lock(mutex_);
  canceled_ = true;
  wake_ = nullptr;
  events_.clear();
}

}  // namespace vpp_punt::memif
