#include "util/thread.h"

#include <csignal>

namespace vpp_punt {

int Thread::Start(const char* name, std::function<void()> body) {
  body_ = std::move(body);
  sigset_t blocked, before;
  sigfillset(&blocked);
  // A fault of the thread's own, such as SIGBUS in memory that a peer has truncated, ends the process when
  // it is blocked.
  for (const int own : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&blocked, own);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  const auto run = [](void* self) -> void* {
    static_cast<Thread*>(self)->body_();
    return nullptr;
  };
  const int error = pthread_create(&thread_, nullptr, run, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  running_ = error == 0;
  if (running_) pthread_setname_np(thread_, name);
  return error;
}

void Thread::Join() {
  if (!running_) return;
  pthread_join(thread_, nullptr);
  running_ = false;
}

}  // namespace vpp_punt
