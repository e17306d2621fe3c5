// Ports of this process by number, so that a worker thread can open the queues of a port that another thread
// has opened.
#pragma once

#include <cstdint>
#include <memory>

#include "memif/port/port.h"

namespace vpp_punt::memif {

/// Returns the port's number, which no port of another process has.
int64_t RegisterPort(const std::shared_ptr<Port>& port);
/// The port is closed: FindPort does not return it any more.
void UnregisterPort(int64_t key);
/// Null if the port is closed, or belongs to another process.
std::shared_ptr<Port> FindPort(int64_t key);

}  // namespace vpp_punt::memif
