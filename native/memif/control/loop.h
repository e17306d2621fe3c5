// The control thread: one for all memif ports of the process, so that handshakes and reconnects go on while
// JavaScript is busy.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "util/system_error.h"
#include "util/thread.h"
#include "util/unique_fd.h"

namespace vpp_punt::memif {

class ControlLoop : public std::enable_shared_from_this<ControlLoop> {
 public:
  using Task = std::function<void()>;
  using TimerId = uint64_t;

  /// Returns the process's loop, whose thread runs while a port holds it; null with `error` if the system has
  /// no descriptor or thread for it. The last holder must not be the loop itself.
  static std::shared_ptr<ControlLoop> Acquire(SystemError* error);

  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  /// Any thread: runs the task in a turn of its own, soon.
  void Post(Task task);
  /// Any thread but the control thread: runs the task here and now, between two turns of the control thread.
  void RunSync(const Task& task);

  // The rest is for tasks and callbacks, in a turn.

  /// Calls back whenever `fd` is readable or hung up, until Unwatch. Returns false with errno set if the
  /// kernel refuses.
  bool Watch(int fd, Task readable);
  void Unwatch(int fd);
  TimerId After(uint32_t milliseconds, Task task);
  void Cancel(TimerId id);

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    uint64_t token;
    std::shared_ptr<Task> readable;
  };

  ControlLoop() = default;
  bool Start(SystemError* error);
  void Run();
  void RunPosted();
  void RunTimers();
  Clock::time_point FirstTimer() const;
  int UntilNextTimer() const;
  void Dispatch(uint64_t token);

  UniqueFd epoll_;
  UniqueFd wakeup_;
  std::mutex mutex_;  // of posted_
  std::vector<Task> posted_;
  std::mutex turn_;  // held while tasks and callbacks run; of all that follows
  bool stopping_ = false;
  std::unordered_map<int, Watched> watched_;
  std::unordered_map<uint64_t, int> fd_of_token_;
  std::map<std::pair<Clock::time_point, TimerId>, Task> timers_;
  uint64_t next_token_ = 1;
  TimerId next_timer_ = 1;
  Thread thread_;
};

}  // namespace vpp_punt::memif
