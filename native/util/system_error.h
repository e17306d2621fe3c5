// The outcome of a system call that may fail.
#pragma once

#include <string>

namespace vpp_punt {

/// An operation that failed, and on what; error 0 is success.
struct SystemError {
  int error = 0;
  std::string what;
};

}  // namespace vpp_punt
