// Waits for a descriptor on the event loop.
#pragma once

#include <memory>

#include "util/loop_hold.h"

namespace vpp_punt {

/// The event loop of an environment; null when it has none any more.
inline uv_loop_t* LoopOf(napi_env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

/// A uv_poll_t that goes on after an error of its socket. libuv stops a poll at POLLERR, which a link that
/// goes down (AF_PACKET) or a peer that disconnects (AF_UNIX datagrams) causes.
class FdPoll {
 public:
  /// Called with the UV_ events that came; with 0 after an error. The call may delete the FdPoll.
  using Callback = void (*)(void* owner, int events);

  FdPoll(std::shared_ptr<LoopHold> hold, void* owner, Callback callback)
      : owner_(owner), callback_(callback), handle_(std::move(hold), this) {}

  /// 0 or an errno value. The descriptor must stay open as long as this object exists.
  int Open(uv_loop_t* loop, int fd);
  /// Waits for `events` from now on: 0 or an errno value.
  int Start(int events);
  void Stop();
  /// Whether this keeps the event loop running while it waits.
  void SetReferenced(bool referenced) { handle_.SetReferenced(referenced); }

 private:
  void OnEvents(int status, int events);

  void* const owner_;
  const Callback callback_;
  HeldHandle<uv_poll_t> handle_;
  int fd_ = -1;
  int wanted_ = 0;
};

}  // namespace vpp_punt
