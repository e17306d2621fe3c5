// The event-loop side of a receiving socket: when the JavaScript thread reads.
#pragma once

#include <functional>
#include <memory>

#include "punt_socket/moderation.h"
#include "punt_socket/receiver.h"
#include "util/anticipation.h"
#include "util/fd_poll.h"
#include "util/loop_hold.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

/// The result of one turn of the event loop.
struct Turn {
  uint64_t packets = 0, bytes = 0;
  bool more = false;      // the turn ended by its budget, with packets left
  bool answered = false;  // packets were injected during the turn
  bool answers = false;   // packets were injected since the turn before
};

/// Waits for packets, and for the end of a pause with a timerfd (uv's own timers know milliseconds only).
/// Shared pointers hold it, because `serve` may drop the last outside one.
class EventPump : public std::enable_shared_from_this<EventPump> {
 public:
  /// `serve` reads and passes packets to JavaScript. It may call any method here.
  EventPump(uv_loop_t* loop, const std::shared_ptr<LoopHold>& hold, Receiver* receiver, uint64_t gather_ns,
            std::function<Turn()> serve);

  /// Returns 0 or an errno value.
  int Open();
  /// Serves from now on.
  void Start();
  /// Calls `serve` no more until Start().
  void Stop();
  /// Moves with every Start() and Stop().
  uint64_t starts() const { return starts_; }
  void SetReferenced(bool referenced) { async_.SetReferenced(referenced); }
  /// Makes the loop call `serve` soon. From any thread.
  void Notify() { uv_async_send(async_.get()); }

 private:
  void TakeTurn(bool after_pause);
  void Rest(const Turn& turn, bool after_pause);
  void Look(uint64_t now_ns);
  void EndLook(bool came);
  void WatchSocket();
  void PauseFor(uint64_t ns);

  uv_loop_t* const loop_;
  Receiver* const receiver_;
  const std::function<Turn()> serve_;
  Moderation moderation_;
  Anticipation anticipation_;
  UniqueFd timer_fd_;
  FdPoll socket_;
  FdPoll timer_;
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
