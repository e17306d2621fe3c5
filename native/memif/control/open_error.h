// A failure of the operating system while a port opens.
#pragma once

#include <string>

namespace vpp_punt::memif {

struct OpenError {
  int error = 0;  // errno
  std::string what;
};

}  // namespace vpp_punt::memif
