// A file descriptor with one owner.
#pragma once

#include <unistd.h>

#include <utility>

#include "util/close_elsewhere.h"

namespace vpp_punt {

/// The destructor closes the descriptor. A foreign one is closed elsewhere, because its close may block: a
/// peer has passed it, or it is a socket with unread messages, beside which a peer may have passed some.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  static UniqueFd Foreign(int fd) {
    UniqueFd owned(fd);
    owned.SetForeign(true);
    return owned;
  }
  UniqueFd(UniqueFd&& other) noexcept : foreign_(other.foreign_), fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    const bool foreign = other.foreign_;
    Reset(other.Release());
    foreign_ = foreign;
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  bool foreign() const { return foreign_; }
  void SetForeign(bool foreign) { foreign_ = foreign; }
  int Release() {
    foreign_ = false;
    return std::exchange(fd_, -1);
  }
  void Reset(int fd = -1) {
    if (fd_ >= 0) foreign_ ? CloseElsewhere(fd_) : static_cast<void>(close(fd_));
    foreign_ = false;
    fd_ = fd;
  }

 private:
  bool foreign_ = false;
  int fd_ = -1;
};

}  // namespace vpp_punt
