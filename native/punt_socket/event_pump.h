// The event-loop side of a receiving socket: when to read, on the JavaScript thread.
#pragma once

#include <functional>
#include <memory>

#include "punt_socket/anticipation.h"
#include "punt_socket/moderation.h"
#include "util/loop_hold.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

/// What was done in one turn of the event loop.
struct Turn {
  uint64_t packets = 0, bytes = 0;
  bool more = false;      // ended by its budget, not for want of packets
  bool answered = false;  // packets were injected meanwhile
};

/// Waits for packets with uv_poll and for the end of a pause with a timerfd (uv's own timers know
/// milliseconds only). Held by shared pointers: it may be let go of in the middle of `serve`.
class EventPump : public std::enable_shared_from_this<EventPump> {
 public:
  /// `serve` reads and hands to JavaScript. It may call any method here.
  EventPump(uv_loop_t* loop, const std::shared_ptr<LoopHold>& hold, int fd, uint64_t longest_pause_ns,
            std::function<Turn()> serve);

  /// Returns 0 or an errno value.
  int Open();
  /// Serves from now on.
  void Start();
  /// No more calls of `serve` until Start().
  void Stop();
  /// Moves with every Start() and Stop().
  uint64_t starts() const { return starts_; }
  void SetRef(bool ref);
  /// Has `serve` called soon. From any thread.
  void Notify() { uv_async_send(async_.get()); }

 private:
  void TakeTurn(bool after_pause);
  void Rest(const Turn& turn, bool after_pause);
  void Look(uint64_t now_ns);
  void EndLook(bool came);
  void WatchSocket();
  void PauseFor(uint64_t ns);

  uv_loop_t* const loop_;
  const int fd_;
  const std::function<Turn()> serve_;
  Moderation moderation_;
  Anticipation anticipation_;
  UniqueFd timer_fd_;
  HeldHandle<uv_poll_t> socket_;
  HeldHandle<uv_poll_t> timer_;
  HeldHandle<uv_async_t> async_;
  HeldHandle<uv_idle_t> idle_;  // while it is active the loop does not sleep
  bool started_ = false;
  uint64_t starts_ = 0;
  bool watching_socket_ = false;
  bool watching_timer_ = false;
  bool looking_ = false;
  uint64_t look_until_ns_ = 0;
};

}  // namespace vpp_punt::punt_socket
