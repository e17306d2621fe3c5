#include "memif/control/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>

namespace vpp_punt::memif {

/// Epoll data of the wake-up eventfd; tokens of watched descriptors start at 1.
constexpr uint64_t kWakeupToken = 0;

std::shared_ptr<ControlLoop> ControlLoop::Acquire(SystemError* error) {
  static std::mutex mutex;
  static std::weak_ptr<ControlLoop> shared;
  std::lock_guard lock(mutex);
  std::shared_ptr<ControlLoop> loop = shared.lock();
  if (loop) return loop;
  loop = std::shared_ptr<ControlLoop>(new ControlLoop());
  if (!loop->Start(error)) return nullptr;
  shared = loop;
  return loop;
}

bool ControlLoop::Start(SystemError* error) {
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (epoll_) wakeup_.Reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event = {EPOLLIN, {.u64 = kWakeupToken}};
  if (!wakeup_ || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event) < 0) {
    *error = {errno, "control thread"};
    return false;
  }
  const int failure = thread_.Start("memif-control", [this] { Run(); });
  if (failure != 0) *error = {failure, "control thread"};
  return failure == 0;
}

ControlLoop::~ControlLoop() {
  if (!thread_.running()) return;
  Post([this] { stopping_ = true; });
  thread_.Join();
}

void ControlLoop::Post(Task task) {
  std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
  eventfd_write(wakeup_.get(), 1);
}

void ControlLoop::RunSync(const Task& task) {
  std::lock_guard turn(turn_);
  // The wake-up is left for the control thread, which may have to learn of a timer by it.
  RunPosted();
  const Clock::time_point first = FirstTimer();
  task();
  if (FirstTimer() < first) eventfd_write(wakeup_.get(), 1);
}

bool ControlLoop::Watch(int fd, Task readable) {
  const uint64_t token = next_token_++;
  epoll_event event = {EPOLLIN | EPOLLRDHUP, {.u64 = token}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) return false;
  watched_[fd] = {token, std::make_shared<Task>(std::move(readable))};
  fd_of_token_[token] = fd;
  return true;
}

void ControlLoop::Unwatch(int fd) {
  auto found = watched_.find(fd);
  if (found == watched_.end()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  fd_of_token_.erase(found->second.token);
  watched_.erase(found);
}

ControlLoop::TimerId ControlLoop::After(uint32_t milliseconds, Task task) {
  TimerId id = next_timer_++;
  timers_.emplace(std::pair(Clock::now() + std::chrono::milliseconds(milliseconds), id), std::move(task));
  return id;
}

void ControlLoop::Cancel(TimerId id) {
  for (auto it = timers_.begin(); it != timers_.end(); ++it) {
    if (it->first.second != id) continue;
    timers_.erase(it);
    return;
  }
}

void ControlLoop::Run() {
  std::unique_lock turn(turn_);
  while (!stopping_) {
    const int timeout = UntilNextTimer();
    turn.unlock();
    epoll_event events[32];
    int count = epoll_wait(epoll_.get(), events, 32, timeout);
    turn.lock();
    for (int i = 0; i < count; i++) Dispatch(events[i].data.u64);
    RunTimers();
  }
}

void ControlLoop::Dispatch(uint64_t token) {
  if (token == kWakeupToken) {
    eventfd_t ignored;
    eventfd_read(wakeup_.get(), &ignored);
    return RunPosted();
  }
  // By token, not by descriptor: the number of a descriptor closed earlier in this round may be in use again.
  auto fd = fd_of_token_.find(token);
  if (fd == fd_of_token_.end()) return;
  std::shared_ptr<Task> readable = watched_[fd->second].readable;  // it may unwatch itself
  (*readable)();
}

void ControlLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
}

void ControlLoop::RunTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= Clock::now()) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

ControlLoop::Clock::time_point ControlLoop::FirstTimer() const {
  return timers_.empty() ? Clock::time_point::max() : timers_.begin()->first.first;
}

int ControlLoop::UntilNextTimer() const {
  if (timers_.empty()) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(FirstTimer() - Clock::now());
  return left.count() < 0 ? 0 : static_cast<int>(left.count());
}

}  // namespace vpp_punt::memif
