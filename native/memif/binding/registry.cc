#include "memif/binding/registry.h"

#include <sys/random.h>

#include <map>
#include <mutex>

namespace vpp_punt::memif {

namespace {

/// A random number below 2^52, so that further ones by counting are safe integers of JavaScript, too.
int64_t FirstKey() {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) < 0) return 1;
  return static_cast<int64_t>(random >> 12) | 1;
}

std::mutex mutex;
/// Stays for other threads, which may run until the very end of the process.
std::map<int64_t, std::weak_ptr<Port>>& ports = *new std::map<int64_t, std::weak_ptr<Port>>();
int64_t next_key = FirstKey();

}  // namespace

int64_t RegisterPort(const std::shared_ptr<Port>& port) {
  std::lock_guard lock(mutex);
  ports[next_key] = port;
  return next_key++;
}

void UnregisterPort(int64_t key) {
  std::lock_guard lock(mutex);
  ports.erase(key);
}

std::shared_ptr<Port> FindPort(int64_t key) {
  std::lock_guard lock(mutex);
  auto found = ports.find(key);
  return found == ports.end() ? nullptr : found->second.lock();
}

}  // namespace vpp_punt::memif
