#include "descriptor/namespace.h"

#include <sched.h>

#include <cerrno>

#include "util/thread.h"

namespace vpp_punt::descriptor {

SystemError RunInNamespace(int netns_fd, const std::function<SystemError()>& work) {
  if (netns_fd < 0) return work();
  SystemError result;
  Thread thread;
  const int error = thread.Start("namespace", [&] {
    result = setns(netns_fd, CLONE_NEWNET) == 0 ? work() : SystemError{errno, "enter the network namespace"};
  });
  if (error != 0) return {error, "thread"};
  thread.Join();
  return result;
}

}  // namespace vpp_punt::descriptor
