#include "memif/shared/link.h"

#include <algorithm>
#include <cstring>

namespace vpp_punt::memif {

Link::~Link() {
  if (!pool) return;
  for (const auto* rings : {&rx, &tx}) {
    for (const LinkRing& ring : *rings) pool->GiveBack(ring.buffers);
  }
}

void Link::Fail(const Fault& fault) {
  {
    std::lock_guard lock(mutex_);
    if (failed_.exchange(true)) return;
    failure_ = fault;
  }
  if (on_failure) on_failure();
}

bool Link::HasDoorbells() const {
  const auto has_doorbell = [](const LinkRing& ring) { return static_cast<bool>(ring.doorbell); };
  return std::all_of(tx.begin(), tx.end(), has_doorbell) && std::all_of(rx.begin(), rx.end(), has_doorbell);
}

bool Link::CheckMemory() {
  for (const auto& region : regions) {
    if (region->truncated()) Fail("memory region truncated");
  }
  return !failed();
}

Fault Link::failure() {
  std::lock_guard lock(mutex_);
  return failure_;
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
