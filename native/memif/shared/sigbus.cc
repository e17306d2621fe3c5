#include "memif/shared/sigbus.h"

#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <mutex>

namespace vpp_punt::memif {

namespace {

/// The extent that a guard protects, as one private copy.
struct Extent {
  uint8_t* data;
  uint64_t size;
  std::atomic<bool>* hit;
};

/// An entry of the table. The signal handler reads it without a lock, while another thread may give the entry
/// to other memory: the version is odd during a change, and a copy counts only if the version was even and
/// did not change.
class Guard {
 public:
  bool used() const { return data_.load(std::memory_order_relaxed) != nullptr; }

  void Write(const Extent& extent) {
    const uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);  // pairs with the acquire fence in Read
    data_.store(extent.data, std::memory_order_relaxed);
    size_.store(extent.size, std::memory_order_relaxed);
    hit_.store(extent.hit, std::memory_order_relaxed);
    version_.store(version + 2, std::memory_order_release);  // pairs with the acquire load in Read
  }

  /// False if the entry was being changed. That entry does not guard the caller's memory, which is in use and
  /// so does not change hands.
  bool Read(Extent* extent) const {
    const uint32_t version = version_.load(std::memory_order_acquire);
    *extent = {data_.load(std::memory_order_relaxed), size_.load(std::memory_order_relaxed),
               hit_.load(std::memory_order_relaxed)};
    std::atomic_thread_fence(std::memory_order_acquire);
    return version % 2 == 0 && version_.load(std::memory_order_relaxed) == version;
  }

 private:
  std::atomic<uint32_t> version_{0};
  std::atomic<uint8_t*> data_{nullptr};
  std::atomic<uint64_t> size_{0};
  std::atomic<std::atomic<bool>*> hit_{nullptr};
};

constexpr int kGuards = 4096;
Guard guards[kGuards];
std::atomic<int> used_guards{0};
struct sigaction previous;

/// Maps zeros over the guarded memory that `address` is in. False if there is none.
bool Cover(const uint8_t* address) {
  const int used = used_guards.load(std::memory_order_acquire);
  for (int i = 0; i < used; i++) {
    Extent extent;
    if (!guards[i].Read(&extent) || extent.data == nullptr) continue;
    if (address < extent.data || address >= extent.data + extent.size) continue;
    void* zeros = mmap(extent.data, extent.size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) return false;
    extent.hit->store(true, std::memory_order_relaxed);
    return true;
  }
  return false;
}

/// Does what the signal would have done without us.
void CallPrevious(int signal, siginfo_t* info, void* context) {
  if (previous.sa_flags & SA_SIGINFO) return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  const bool sent = info->si_code <= 0;  // by kill() or the like: no instruction will fault again
  if (sent && previous.sa_handler == SIG_IGN) return;
  // The kernel ignores no fault, so that SIG_IGN ends the process too.
  ::signal(SIGBUS, SIG_DFL);
  if (sent) raise(SIGBUS);
}

void OnSigbus(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  const bool fault = info->si_code > 0;
  if (!fault || !Cover(static_cast<uint8_t*>(info->si_addr))) CallPrevious(signal, info, context);
  errno = saved;
}

void Install() {
  struct sigaction action = {};
  action.sa_sigaction = OnSigbus;
  // SA_NODEFER: a second fault inside a previous handler must reach us, too.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGBUS, &action, &previous);
}

std::mutex table_mutex;

int FreeEntry() {
  for (int i = 0; i < kGuards; i++) {
    if (!guards[i].used()) return i;
  }
  return -1;
}

}  // namespace

int GuardMemory(uint8_t* data, uint64_t size, std::atomic<bool>* hit) {
  static std::once_flag installed;
  std::call_once(installed, Install);
  std::lock_guard lock(table_mutex);
  const int entry = FreeEntry();
  if (entry < 0) return -1;
  guards[entry].Write({data, size, hit});
  if (entry >= used_guards.load(std::memory_order_relaxed))
    used_guards.store(entry + 1, std::memory_order_release);
  return entry;
}

void UnguardMemory(int handle) {
  std::lock_guard lock(table_mutex);
  if (handle >= 0) guards[handle].Write({nullptr, 0, nullptr});
}

}  // namespace vpp_punt::memif
