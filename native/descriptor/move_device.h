// Moving network devices between namespaces.
#pragma once

#include <string>

#include "util/system_error.h"

namespace vpp_punt::descriptor {

/// Moves the device of this thread's network namespace into the one behind `netns_fd`, with `new_name` there
/// unless that is empty.
SystemError MoveDevice(const std::string& name, int netns_fd, const std::string& new_name);

}  // namespace vpp_punt::descriptor
