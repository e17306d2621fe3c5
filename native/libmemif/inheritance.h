// Keeps libmemif's descriptors from child processes.
#pragma once

#include <set>

namespace vpp_punt::libmemif {

/// libmemif opens sockets, memory files and eventfds without O_CLOEXEC, so that a child process would inherit
/// them, and with them the peer's packets. An object of this class closes that door: at its end, every such
/// descriptor that was opened during its life is closed on exec.
class NoInheritance {
 public:
  NoInheritance();
  ~NoInheritance();
  NoInheritance(const NoInheritance&) = delete;
  NoInheritance& operator=(const NoInheritance&) = delete;

 private:
  std::set<int> before_;  // inheritable descriptors of others
};

}  // namespace vpp_punt::libmemif
