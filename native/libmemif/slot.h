// Where the control thread leaves the current connection for the queues, with the lock that the library
// lacks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>

#include "libmemif/connection.h"

namespace vpp_punt::libmemif {

struct Slot {
  /// Of the control socket: held shared while in the library.
  std::shared_ptr<std::shared_mutex> mutex;
  std::shared_ptr<Connection> connection;  // under the mutex
  std::atomic<uint32_t> generation{0};
  /// From any thread: the peer breaks the protocol.
  std::function<void(uint32_t generation, const std::string& reason)> violated;
};

}  // namespace vpp_punt::libmemif
