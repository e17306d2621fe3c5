#include "memif/shared/ringer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

#include "util/unique_fd.h"

namespace vpp_punt::memif {

namespace {

/// Where the kernel puts completions, mapped at the context's address (Linux, fs/aio.c, struct aio_ring).
struct aio_ring {
  uint32_t id;
  uint32_t nr;
  uint32_t head;
  uint32_t tail;
  uint32_t magic;
  uint32_t compat_features;
  uint32_t incompat_features;
  uint32_t header_length;
};
static_assert(sizeof(aio_ring) == 32);
constexpr uint32_t kAioRingMagic = 0xa10a10a1;

/// Contexts for later use, and a file to read nothing from. Closing a context takes the kernel about 30 ms,
/// and would stop the thread that lets go of a connection.
class Pool {
 public:
  /// Returns 0, or an errno value. `context` is 0 if this system has no asynchronous I/O.
  int Take(aio_context_t* context) {
    std::lock_guard lock(mutex_);
    if (!file_) file_.Reset(memfd_create("memif ringer", MFD_CLOEXEC));
    if (!file_) return errno;
    if (free_.empty()) return New(context);
    *context = free_.back();
    free_.pop_back();
    return 0;
  }
  void GiveBack(aio_context_t context) {
    std::lock_guard lock(mutex_);
    free_.push_back(context);
  }
  int file() const { return file_.get(); }

 private:
  static int New(aio_context_t* context) {
    *context = 0;
    if (syscall(SYS_io_setup, 1, context) == 0) return 0;
    *context = 0;
    return errno == ENOSYS || errno == EPERM ? 0 : errno;
  }

  std::mutex mutex_;
  std::vector<aio_context_t> free_;
  UniqueFd file_;
};

/// Stays for the control thread, which may run until the very end of the process.
Pool& pool = *new Pool();

/// Takes the completions away, so that the next one has room. In user space if the kernel's ring is the known
/// one.
void Reap(aio_context_t context) {
  auto* ring = reinterpret_cast<aio_ring*>(context);
  if (ring->magic == kAioRingMagic && ring->incompat_features == 0) {
    const uint32_t tail =
        __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);     // pairs with the kernel's aio_complete
    __atomic_store_n(&ring->head, tail, __ATOMIC_RELEASE);  // pairs with user_refill_reqs_available
    return;
  }
  io_event events[4];
  timespec none = {};
  while (syscall(SYS_io_getevents, context, 0, 4, events, &none) > 0) continue;
}

}  // namespace

bool IsEventFd(int fd) {
  char path[32], target[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(path, target, sizeof target);
  if (length < 0 && access("/proc/self", F_OK) != 0) {
    // A root without /proc. Files without a type are the kernel's own, and a write to none of them waits
    // longer than one to an eventfd.
    struct stat found;
    return fstat(fd, &found) == 0 && (found.st_mode & S_IFMT) == 0;
  }
  return length > 0 && std::string_view(target, static_cast<size_t>(length)) == "anon_inode:[eventfd]";
}

bool IsSemaphore(int fd) {
  char path[40], text[512];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  UniqueFd info(open(path, O_RDONLY | O_CLOEXEC));
  const ssize_t length = info ? read(info.get(), text, sizeof text) : 0;
  return length > 0 && std::string_view(text, static_cast<size_t>(length)).find("eventfd-semaphore: 1") !=
                           std::string_view::npos;
}

int Ringer::Open(int doorbell) {
  Close();
  const int error = pool.Take(&context_);
  if (error == 0) doorbell_ = doorbell;
  return error;
}

void Ringer::Close() {
  if (context_ != 0) pool.GiveBack(context_);
  context_ = 0;
  doorbell_ = -1;
}

void Ringer::Ring() {
  if (doorbell_ < 0 || (context_ != 0 && RingByRead())) return;
  RingByWrite();
}

bool Ringer::RingByRead() {
  iocb read = {};
  read.aio_lio_opcode = IOCB_CMD_PREAD;
  read.aio_fildes = static_cast<uint32_t>(pool.file());
  read.aio_flags = IOCB_FLAG_RESFD;
  read.aio_resfd = static_cast<uint32_t>(doorbell_);
  iocb* list[] = {&read};
  const bool rung = syscall(SYS_io_submit, context_, 1, list) == 1;
  if (rung) Reap(context_);
  return rung;
}

/// Where there is no asynchronous I/O. A peer that changes the flags between these calls can still block the
/// write.
void Ringer::RingByWrite() {
  fcntl(doorbell_, F_SETFL, fcntl(doorbell_, F_GETFL) | O_NONBLOCK);
  pollfd room = {doorbell_, POLLOUT, 0};
  if (poll(&room, 1, 0) > 0 && (room.revents & POLLOUT) != 0) eventfd_write(doorbell_, 1);
}

}  // namespace vpp_punt::memif
