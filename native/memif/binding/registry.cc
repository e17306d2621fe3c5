#include "memif/binding/registry.h"

#include <map>
#include <mutex>

namespace vpp_punt::memif {

static std::mutex mutex;
static std::map<uint32_t, std::weak_ptr<Port>> ports;
static uint32_t next_key = 1;

uint32_t RegisterPort(const std::shared_ptr<Port>& port) {
  std::lock_guard lock(mutex);
  ports[next_key] = port;
  return next_key++;
}

void UnregisterPort(uint32_t key) {
  std::lock_guard lock(mutex);
  ports.erase(key);
}

std::shared_ptr<Port> FindPort(uint32_t key) {
  std::lock_guard lock(mutex);
  auto found = ports.find(key);
  return found == ports.end() ? nullptr : found->second.lock();
}

}  // namespace vpp_punt::memif
