#include "util/close_elsewhere.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <mutex>

namespace vpp_punt {

namespace {

constexpr size_t kMostThreads = 64;

struct Closers {
  std::mutex mutex;
  std::deque<int> waiting;
  size_t threads = 0;

  static Closers& Get() {
    static auto* const closers = new Closers();  // never freed: the threads may outlive everything
    return *closers;
  }

  /// Returns the next descriptor to close; -1 at the end of the thread that asks.
  int Next() {
    const std::lock_guard lock(mutex);
    if (waiting.empty()) {
      threads--;
      return -1;
    }
    const int fd = waiting.front();
    waiting.pop_front();
    return fd;
  }
};

/// Without a linger time, a connection's last bytes are sent after close(). The passer could set one of
/// hours. A time of 0 stays: close() does not wait then, and the passer may still have the socket.
void EndLinger(int fd) {
  linger now = {};
  socklen_t size = sizeof(now);
  if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &now, &size) != 0 || now.l_onoff == 0 || now.l_linger == 0)
    return;
  const linger off = {};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
}

void Close(int fd) {
  EndLinger(fd);
  close(fd);
}

/// The thread may outlive all environments: the addon is linked to stay loaded.
void* Run(void*) {
  for (int fd; (fd = Closers::Get().Next()) >= 0;) Close(fd);
  return nullptr;
}

bool StartThread() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 1 << 16);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for Node's threads
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, Run, nullptr) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

/// False if no thread will ever come for the descriptor.
bool HandOver(int fd) {
  Closers& closers = Closers::Get();
  const std::lock_guard lock(closers.mutex);
  if (closers.threads < kMostThreads && StartThread()) closers.threads++;
  if (closers.threads > 0) closers.waiting.push_back(fd);
  return closers.threads > 0;
}

}  // namespace

void CloseElsewhere(int fd) {
  if (!HandOver(fd)) Close(fd);  // the system refuses threads; not under the lock, which all closers need
}

}  // namespace vpp_punt
