// Ports of this process by number, so that a worker thread can open the queues of a port that another thread
// has opened.
#pragma once

#include <cstdint>
#include <memory>

#include "memif/port/port.h"

namespace vpp_punt::memif {

uint32_t RegisterPort(const std::shared_ptr<Port>& port);
/// The port is closed: nobody finds it any more.
void UnregisterPort(uint32_t key);
/// Null when the port is gone.
std::shared_ptr<Port> FindPort(uint32_t key);

}  // namespace vpp_punt::memif
