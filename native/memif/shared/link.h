// An established connection as the data path sees it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "memif/shared/buffer_pool.h"
#include "memif/shared/fault.h"
#include "memif/shared/region.h"
#include "memif/shared/relay.h"
#include "memif/shared/ring.h"
#include "memif/shared/ringer.h"
#include "memif/shared/settings.h"
#include "util/unique_fd.h"

namespace vpp_punt::memif {

/// One ring of a connection: the shared part, its doorbell, and as client the buffers behind its slots.
struct LinkRing {
  Ring ring;
  UniqueFd doorbell;
  Ringer ringer;        // of a transmit ring
  uint16_t region = 0;  // of the ring itself
  uint32_t offset = 0;  // of the ring in it
  uint16_t buffer_region = 0;
  /// As client: offset in `buffer_region` of the buffer of each slot, then those of the spare buffers.
  std::vector<uint32_t> buffers;
};

/// The control thread shares it with the queues. A queue keeps the link, and with it the memory, until the
/// queue has noticed the end of the connection.
class Link {
 public:
  Link() = default;
  /// Gives the buffers of its rings back to the pool, if they come from one.
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Role role = Role::kClient;  // ours
  uint32_t buffer_size = 0;   // as client
  std::string peer_name;      // of the program
  std::string peer_interface;
  std::vector<std::shared_ptr<Region>> regions;
  std::shared_ptr<BufferPool> pool;  // as client: where the buffers come from; null if they are its own
  std::vector<LinkRing> rx;
  std::vector<LinkRing> tx;
  /// Moves the descriptors; null if the queues do that themselves.
  std::shared_ptr<Relay> relay;

  /// Reports a violation seen in shared memory, or what a queue lacks, from any thread. The first fault is
  /// kept, and makes the control thread disconnect.
  void Fail(const Fault& fault);
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  Fault failure();
  /// Called once, at the first failure. Set before the link is published.
  std::function<void()> on_failure;

  /// Whether each ring has its doorbell, which the system may have refused.
  bool HasDoorbells() const;

  /// Fails if the peer has truncated one of its files. Returns whether the link is still good.
  bool CheckMemory();

 private:
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  Fault failure_;
};

/// Prepares the ringing of the peer's doorbells, of all transmit rings.
Fault OpenRingers(Link& link);

}  // namespace vpp_punt::memif
