#include "memif/shared/sigbus.h"

#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <mutex>

namespace vpp_punt::memif {

namespace {

// Read by the signal handler without a lock: an entry counts while `data` is not null, which is written last
// and cleared first.
struct Guard {
  std::atomic<uint8_t*> data{nullptr};
  std::atomic<uint64_t> size{0};
  std::atomic<std::atomic<bool>*> hit{nullptr};
};

constexpr int kGuards = 4096;
Guard guards[kGuards];
std::atomic<int> used_guards{0};
struct sigaction previous;

bool Cover(uint8_t* address) {
  int used = used_guards.load(std::memory_order_acquire);
  for (int i = 0; i < used; i++) {
    uint8_t* data = guards[i].data.load(std::memory_order_acquire);
    uint64_t size = guards[i].size.load(std::memory_order_relaxed);
    if (data == nullptr || address < data || address >= data + size) continue;
    void* zeros = mmap(data, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) return false;
    guards[i].hit.load(std::memory_order_relaxed)->store(true, std::memory_order_relaxed);
    return true;
  }
  return false;
}

void CallPrevious(int signal, siginfo_t* info, void* context) {
  if (previous.sa_flags & SA_SIGINFO) return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  ::signal(
      SIGBUS,
      SIG_DFL);  // the instruction faults again on return, and ends the process as it would have without us
}

void OnSigbus(int signal, siginfo_t* info, void* context) {
  int saved = errno;
  if (!Cover(static_cast<uint8_t*>(info->si_addr))) CallPrevious(signal, info, context);
  errno = saved;
}

void Install() {
  struct sigaction action = {};
  action.sa_sigaction = OnSigbus;
  // SA_NODEFER: a second fault inside a previous handler must not end the process unasked.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGBUS, &action, &previous);
}

std::mutex table_mutex;

int FreeEntry() {
  for (int i = 0; i < kGuards; i++) {
    if (guards[i].data.load(std::memory_order_relaxed) == nullptr) return i;
  }
  return -1;
}

}  // namespace

int GuardMemory(uint8_t* data, uint64_t size, std::atomic<bool>* hit) {
  static std::once_flag installed;
  std::call_once(installed, Install);
  std::lock_guard lock(table_mutex);
  int entry = FreeEntry();
  if (entry < 0) return -1;
  guards[entry].size.store(size, std::memory_order_relaxed);
  guards[entry].hit.store(hit, std::memory_order_relaxed);
  guards[entry].data.store(data, std::memory_order_release);
  if (entry >= used_guards.load(std::memory_order_relaxed))
    used_guards.store(entry + 1, std::memory_order_release);
  return entry;
}

void UnguardMemory(int handle) {
  std::lock_guard lock(table_mutex);
  if (handle >= 0) guards[handle].data.store(nullptr, std::memory_order_release);
}

}  // namespace vpp_punt::memif
