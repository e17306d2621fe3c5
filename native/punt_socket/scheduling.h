// What a thread asks of the scheduler that must run soon and briefly.
#pragma once

namespace vpp_punt::punt_socket {

/// For the calling thread: sleeps end when they should, and waking it preempts a thread that computes
/// (JavaScript on the same core). Where the kernel knows none of this, nothing changes.
void PreferShortWaits();

}  // namespace vpp_punt::punt_socket
