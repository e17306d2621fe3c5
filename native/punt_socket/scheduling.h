// Scheduling of a thread that must run soon and briefly.
#pragma once

namespace vpp_punt::punt_socket {

/// Lets sleeps of the calling thread end in time, and lets its waking preempt a thread that computes
/// (JavaScript on the same core). Changes nothing on a kernel without these calls.
void PreferShortWaits();

}  // namespace vpp_punt::punt_socket
