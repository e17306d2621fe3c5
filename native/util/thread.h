// Threads of the addon.
#pragma once

#include <pthread.h>

#include <functional>

namespace vpp_punt {

/// A thread that its owner joins. Start() returns an errno value where std::thread would end the process.
class Thread {
 public:
  Thread() = default;
  ~Thread() { Join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// Runs `body` in a new thread called `name` (15 characters at most): 0, or an errno value such as EAGAIN.
  /// The thread takes no signals except its own, because signals are for Node's threads.
  int Start(const char* name, std::function<void()> body);

  /// Waits for the end of the thread. Does nothing without one.
  void Join();

  bool running() const { return running_; }

 private:
  std::function<void()> body_;
  pthread_t thread_{};
  bool running_ = false;
};

}  // namespace vpp_punt
