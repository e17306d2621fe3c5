// Survival of SIGBUS: what a read of shared memory raises once the peer has truncated the file behind it.
#pragma once

#include <atomic>
#include <cstdint>

namespace vpp_punt::memif {

/// From now on a SIGBUS in [data, data + size) maps zero pages over all of it and sets `hit`. Returns a
/// handle for Unguard, or -1 when the table is full. Installs the process-wide handler at the first call; it
/// passes any other SIGBUS to the one before it.
int GuardMemory(uint8_t* data, uint64_t size, std::atomic<bool>* hit);

/// Ends it; to be called before the memory is unmapped.
void UnguardMemory(int handle);

}  // namespace vpp_punt::memif
