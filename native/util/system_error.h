// A system call that failed.
#pragma once

#include <string>

namespace vpp_punt {

/// The errno value of a failed operation, and what the operation was for. False means success.
struct SystemError {
  int error = 0;
  std::string what;

  explicit operator bool() const { return error != 0; }
};

}  // namespace vpp_punt
