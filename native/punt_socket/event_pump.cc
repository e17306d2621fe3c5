#include "punt_socket/event_pump.h"

#include <sys/timerfd.h>

#include <cerrno>

namespace vpp_punt::punt_socket {

namespace {

template <typename Handle>
void Unref(HeldHandle<Handle>* handle) {
  uv_unref(reinterpret_cast<uv_handle_t*>(handle->get()));
}

}  // namespace

EventPump::EventPump(uv_loop_t* loop, const std::shared_ptr<LoopHold>& hold, int fd,
                     uint64_t longest_pause_ns, std::function<Turn()> serve)
    : loop_(loop),
      fd_(fd),
      serve_(std::move(serve)),
      moderation_(longest_pause_ns),
      socket_(hold, this),
      timer_(hold, this),
      async_(hold, this),
      idle_(hold, this) {}

int EventPump::Open() {
  timer_fd_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_fd_) return errno;
  const auto on_async = [](uv_async_t* handle) {
    auto* self = static_cast<EventPump*>(handle->data);
    if (self->started_) self->TakeTurn(false);
  };
  int error = socket_.Initialize([&](uv_poll_t* handle) { return uv_poll_init(loop_, handle, fd_); });
  if (error == 0) {
    error =
        timer_.Initialize([&](uv_poll_t* handle) { return uv_poll_init(loop_, handle, timer_fd_.get()); });
  }
  if (error == 0)
    error = async_.Initialize([&](uv_async_t* handle) { return uv_async_init(loop_, handle, on_async); });
  if (error == 0) error = idle_.Initialize([&](uv_idle_t* handle) { return uv_idle_init(loop_, handle); });
  if (error == 0) {
    Unref(&idle_);
    Unref(&socket_);
    Unref(&timer_);
  }
  return -error;
}

void EventPump::Start() {
  if (started_) return;
  started_ = true;
  starts_++;
  WatchSocket();
}

void EventPump::Stop() {
  started_ = false;
  starts_++;
  if (watching_socket_) uv_poll_stop(socket_.get());
  if (watching_timer_) uv_poll_stop(timer_.get());
  if (looking_) uv_idle_stop(idle_.get());
  watching_socket_ = watching_timer_ = looking_ = false;
}

void EventPump::SetRef(bool ref) {
  auto* handle = reinterpret_cast<uv_handle_t*>(async_.get());
  if (ref) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void EventPump::TakeTurn(bool after_pause) {
  const std::shared_ptr<EventPump> self = shared_from_this();
  const Turn turn = serve_();
  if (looking_ && turn.packets > 0) EndLook(true);
  if (started_) Rest(turn, after_pause);
}

void EventPump::Rest(const Turn& turn, bool after_pause) {
  if (turn.more) return Notify();  // other events first, then on
  const uint64_t now_ns = uv_hrtime();
  const uint64_t pause = moderation_.Pause(turn.packets, turn.bytes, after_pause, now_ns);
  if (pause > 0) return PauseFor(pause);
  if (!watching_socket_) WatchSocket();
  if (turn.answered && anticipation_.Worthwhile()) Look(now_ns);
}

/// Keeps the loop from sleeping for a moment; everything else on it goes on as ever.
void EventPump::Look(uint64_t now_ns) {
  looking_ = true;
  look_until_ns_ = now_ns + Anticipation::kLookNs;
  uv_idle_start(idle_.get(), [](uv_idle_t* handle) {
    auto* self = static_cast<EventPump*>(handle->data);
    if (uv_hrtime() >= self->look_until_ns_) self->EndLook(false);
  });
}

void EventPump::EndLook(bool came) {
  looking_ = false;
  uv_idle_stop(idle_.get());
  if (came) {
    anticipation_.Came();
  } else {
    anticipation_.CameNot();
  }
}

void EventPump::WatchSocket() {
  if (watching_timer_) uv_poll_stop(timer_.get());
  watching_timer_ = false;
  watching_socket_ = true;
  uv_poll_start(socket_.get(), UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<EventPump*>(handle->data)->TakeTurn(false); });
}

/// Arming the timer again also makes its fd unreadable again.
void EventPump::PauseFor(uint64_t ns) {
  if (watching_socket_) uv_poll_stop(socket_.get());
  watching_socket_ = false;
  itimerspec when = {};
  when.it_value.tv_nsec = static_cast<long>(ns);  // far below a second
  timerfd_settime(timer_fd_.get(), 0, &when, nullptr);
  if (watching_timer_) return;
  watching_timer_ = true;
  uv_poll_start(timer_.get(), UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<EventPump*>(handle->data)->TakeTurn(true); });
}

}  // namespace vpp_punt::punt_socket
