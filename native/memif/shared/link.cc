#include "memif/shared/link.h"

namespace vpp_punt::memif {

void Link::Fail(const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    if (failed_.exchange(true)) return;
    reason_ = reason;
  }
  if (on_failure) on_failure();
}

std::string Link::FailureReason() {
  std::lock_guard lock(mutex_);
  return reason_;
}

}  // namespace vpp_punt::memif
