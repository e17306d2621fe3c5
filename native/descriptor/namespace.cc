#include "descriptor/namespace.h"

#include <pthread.h>
#include <sched.h>

#include <cerrno>

namespace vpp_punt::descriptor {

namespace {

struct Errand {
  int netns_fd;
  const std::function<SystemError()>& work;
  SystemError result;
};

void* Run(void* argument) {
  auto* errand = static_cast<Errand*>(argument);
  if (setns(errand->netns_fd, CLONE_NEWNET) == 0) {
    errand->result = errand->work();
  } else {
    errand->result = {errno, "enter the network namespace"};
  }
  return nullptr;
}

}  // namespace

SystemError RunInNamespace(int netns_fd, const std::function<SystemError()>& work) {
  if (netns_fd < 0) return work();
  Errand errand = {netns_fd, work, {}};
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, Run, &errand);
  if (error != 0) return {error, "thread"};
  pthread_join(thread, nullptr);
  return errand.result;
}

}  // namespace vpp_punt::descriptor
