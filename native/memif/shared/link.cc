#include "memif/shared/link.h"

#include <cstring>

namespace vpp_punt::memif {

Link::~Link() {
  if (!pool) return;
  for (const auto* rings : {&rx, &tx}) {
    for (const LinkRing& ring : *rings) pool->GiveBack(ring.buffers);
  }
}

void Link::Fail(const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    if (failed_.exchange(true)) return;
    reason_ = reason;
  }
  if (on_failure) on_failure();
}

bool Link::CheckMemory() {
  for (const auto& region : regions) {
    if (region->truncated()) Fail("memory region truncated");
  }
  return !failed();
}

std::string Link::FailureReason() {
  std::lock_guard lock(mutex_);
  return reason_;
}

Fault OpenRingers(Link& link) {
  for (LinkRing& ring : link.tx) {
    const int error = ring.ringer.Open(ring.doorbell.get());
    if (error != 0)
      return Fault::Ours(std::string("no asynchronous I/O to ring doorbells with (fs.aio-max-nr): ") +
                         strerror(error));
  }
  return {};
}

}  // namespace vpp_punt::memif
