#include "punt_socket/event_pump.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

namespace vpp_punt::punt_socket {

namespace {

/// The longest pause of a program that injects packets: its peers may wait for them.
constexpr uint64_t kAnsweringNs = 50'000;

}  // namespace

EventPump::EventPump(uv_loop_t* loop, const std::shared_ptr<LoopHold>& hold, Receiver* receiver,
                     uint64_t gather_ns, std::function<Turn()> serve)
    : loop_(loop),
      receiver_(receiver),
      serve_(std::move(serve)),
      moderation_(gather_ns),
      socket_(hold, this, [](void* self, int) { static_cast<EventPump*>(self)->TakeTurn(false); }),
      timer_(hold, this, [](void* self, int) { static_cast<EventPump*>(self)->TakeTurn(true); }),
      async_(hold, this),
      idle_(hold, this) {}

int EventPump::Open() {
  timer_fd_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_fd_) return errno;
  const auto on_async = [](uv_async_t* handle) {
    auto* self = static_cast<EventPump*>(handle->data);
    if (self->started_) self->TakeTurn(false);
  };
  int error = socket_.Open(loop_, receiver_->fd());
  if (error == 0) error = timer_.Open(loop_, timer_fd_.get());
  if (error == 0)
    error = -async_.Initialize([&](uv_async_t* handle) { return uv_async_init(loop_, handle, on_async); });
  if (error == 0) error = -idle_.Initialize([&](uv_idle_t* handle) { return uv_idle_init(loop_, handle); });
  if (error != 0) return error;
  // The async handle alone decides whether the process stays.
  idle_.SetReferenced(false);
  socket_.SetReferenced(false);
  timer_.SetReferenced(false);
  return 0;
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
  if (watching_socket_) socket_.Stop();
  if (watching_timer_) timer_.Stop();
  if (looking_) uv_idle_stop(idle_.get());
  watching_socket_ = watching_timer_ = looking_ = false;
  receiver_->SetGathering(false);
}

void EventPump::TakeTurn(bool after_pause) {
  const std::shared_ptr<EventPump> self = shared_from_this();
  const Turn turn = serve_();
  if (looking_ && turn.packets > 0) EndLook(true);
  if (started_) Rest(turn, after_pause);
}

void EventPump::Rest(const Turn& turn, bool after_pause) {
  if (turn.more) return Notify();  // other events first, then the rest
  const uint64_t now_ns = uv_hrtime();
  const uint64_t pause = moderation_.Pause(turn.packets, turn.bytes, after_pause, now_ns);
  if (pause > 0) return PauseFor(turn.answers ? std::min(pause, kAnsweringNs) : pause);
  if (!watching_socket_) WatchSocket();
  if (turn.answered && anticipation_.Worthwhile()) Look(now_ns);
}

/// Keeps the loop from sleeping for a moment; everything else on the loop goes on.
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
  if (watching_timer_) timer_.Stop();
  watching_timer_ = false;
  watching_socket_ = true;
  socket_.Start(UV_READABLE);
}

/// Arming the timer also makes its descriptor unreadable.
void EventPump::PauseFor(uint64_t ns) {
  if (watching_socket_) socket_.Stop();
  watching_socket_ = false;
  itimerspec when = {};
  when.it_value.tv_nsec = static_cast<long>(ns);  // far below a second
  timerfd_settime(timer_fd_.get(), 0, &when, nullptr);
  receiver_->SetGathering(true);
  if (watching_timer_) return;
  watching_timer_ = true;
  timer_.Start(UV_READABLE);
}

}  // namespace vpp_punt::punt_socket
