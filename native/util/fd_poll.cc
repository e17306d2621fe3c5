#include "util/fd_poll.h"

#include <sys/socket.h>

#include <cerrno>

namespace vpp_punt {

namespace {

/// Reading the error of a socket clears it. False for a descriptor whose error stays, such as a TAP whose
/// device was deleted.
bool ClearError(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0;
}

}  // namespace

int FdPoll::Open(uv_loop_t* loop, int fd) {
  if (loop == nullptr) return ECANCELED;
  fd_ = fd;
  return -handle_.Initialize([&](uv_poll_t* poll) { return uv_poll_init(loop, poll, fd); });
}

int FdPoll::Start(int events) {
  wanted_ = events;
  return -uv_poll_start(handle_.get(), events, [](uv_poll_t* poll, int status, int ready) {
    static_cast<FdPoll*>(poll->data)->OnEvents(status, ready);
  });
}

void FdPoll::Stop() {
  uv_poll_stop(handle_.get());
}

void FdPoll::OnEvents(int status, int events) {
  if (status < 0 && ClearError(fd_)) Start(wanted_);
  callback_(owner_, status < 0 ? 0 : events);
}

}  // namespace vpp_punt
