// Work in another network namespace.
#pragma once

#include <functional>

#include "util/system_error.h"

namespace vpp_punt::descriptor {

/// Runs `work` in the network namespace behind the descriptor (-1: in this process's own, on this thread).
/// On a thread of its own, which ends with it: no other thread changes its namespace.
SystemError RunInNamespace(int netns_fd, const std::function<SystemError()>& work);

}  // namespace vpp_punt::descriptor
