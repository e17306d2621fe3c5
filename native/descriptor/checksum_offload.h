// Whether the senders of a device leave checksums to it.
#pragma once

#include <string>

#include "util/system_error.h"

namespace vpp_punt::descriptor {

/// Whether this thread's network namespace has the device, and its transmit checksum offload is on.
bool HasChecksumOffload(const std::string& name);

/// Switches the transmit checksum offload of the device on or off.
SystemError SetChecksumOffload(const std::string& name, bool on);

}  // namespace vpp_punt::descriptor
