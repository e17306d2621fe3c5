// Survival of SIGBUS, which a read of shared memory raises once the peer has truncated the file behind it.
#pragma once

#include <atomic>
#include <cstdint>

namespace vpp_punt::memif {

/// From now on a SIGBUS in [data, data + size) maps zero pages over all of it and sets `hit`. `size` is a
/// multiple of the mapping's page size. Returns a handle for UnguardMemory, or -1 if the table is full. The
/// first call installs the handler of the process, which passes any other SIGBUS to the handler before it.
/// The handler stays: the addon is linked so that it is never unmapped (-z nodelete).
int GuardMemory(uint8_t* data, uint64_t size, std::atomic<bool>* hit);

/// Ends the guard. Call it before the memory is unmapped.
void UnguardMemory(int handle);

}  // namespace vpp_punt::memif
