// An established connection as the data path sees it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "memif/shared/region.h"
#include "memif/shared/relay.h"
#include "memif/shared/ring.h"
#include "memif/shared/settings.h"
#include "util/unique_fd.h"

namespace vpp_punt::memif {

/// One ring of a connection: the shared part, its doorbell, and as client the buffers behind its slots.
struct LinkRing {
  Ring ring;
  UniqueFd doorbell;
  uint16_t region = 0;  // of the ring itself
  uint32_t offset = 0;  // of the ring in it
  uint16_t buffer_region = 0;
  /// As client: offset in `buffer_region` of the buffer of each slot, then those of the spare buffers.
  std::vector<uint32_t> buffers;
};

/// Shared by the control thread and the queues: a queue keeps the link, and with it the memory, until it has
/// noticed its end.
class Link {
 public:
  Role role = Role::kClient;  // ours
  uint32_t buffer_size = 0;   // as client
  std::string peer_name;      // of the program
  std::string peer_interface;
  std::vector<std::shared_ptr<Region>> regions;
  std::vector<LinkRing> rx;
  std::vector<LinkRing> tx;
  /// Moves the descriptors; null: nobody but us.
  std::shared_ptr<Relay> relay;

  /// A violation seen in shared memory, from any thread: the first one is kept, and the control thread is
  /// told to disconnect.
  void Fail(const std::string& reason);
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  std::string FailureReason();
  /// Called once, at the first failure. Set before the link is published.
  std::function<void()> on_failure;

 private:
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::string reason_;
};

}  // namespace vpp_punt::memif
