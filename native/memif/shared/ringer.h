// Rings a peer's doorbell without ever waiting.
#pragma once

#include <linux/aio_abi.h>

#include <utility>

namespace vpp_punt::memif {

/// Whether a descriptor is an eventfd.
bool IsEventFd(int fd);

/// Whether an eventfd is a semaphore: a reader takes 1 of its count, so it wakes its reader as often as its
/// count says. Linux tells since 6.5.
bool IsSemaphore(int fd);

/// Adds 1 to the eventfd that is a peer's doorbell.
///
/// Both sides share the eventfd's flags, so that a peer can make it blocking at any moment, and a write to a
/// full counter then blocks for good. No look before the write helps: the peer may be faster. So the kernel
/// rings: the end of an asynchronous read of no bytes signals the eventfd, which never waits (Linux,
/// fs/aio.c, IOCB_FLAG_RESFD).
class Ringer {
 public:
  Ringer() = default;
  ~Ringer() { Close(); }
  Ringer(Ringer&& other) noexcept
      : doorbell_(std::exchange(other.doorbell_, -1)), context_(std::exchange(other.context_, 0)) {}
  Ringer& operator=(Ringer&& other) noexcept {
    std::swap(doorbell_, other.doorbell_);
    std::swap(context_, other.context_);
    return *this;
  }
  Ringer(const Ringer&) = delete;
  Ringer& operator=(const Ringer&) = delete;

  /// `doorbell` stays the caller's. Returns 0, or an errno value: EAGAIN if the system has no context to
  /// spare (fs.aio-max-nr).
  int Open(int doorbell);
  void Ring();

 private:
  void Close();
  bool RingByRead();
  void RingByWrite();

  int doorbell_ = -1;
  aio_context_t context_ = 0;  // 0: this system has no asynchronous I/O
};

}  // namespace vpp_punt::memif
