// When a receive queue looks at its ring: at a doorbell, at each turn of the event loop, or not.
#include "memif/binding/rx_binding.h"

namespace vpp_punt::memif {

namespace {

/// Packets at one ring of the doorbell that make an adaptive queue stay awake.
constexpr uint64_t kPacketsToPoll = 32;
/// For how long an adaptive queue finds nothing before it goes back to sleep.
constexpr uint64_t kEmptyNsToSleep = 50'000;
/// For how long a turn of the event loop looks at an empty ring: a turn takes a microsecond, and Node
/// allocates an object for each.
constexpr uint64_t kTurnNs = 5'000;
/// The pause between two such looks: each takes the line of the ring's index from the sender's cache.
constexpr uint64_t kBetweenLooksNs = 1'000;
/// A turn that took so many packets is one of a stream: packets gather before the next one, because a call
/// into JavaScript costs as much as many packets, and each look at the ring takes a line from the sender's
/// cache.
constexpr uint64_t kStream = 16;
/// A turn that took so many is late enough.
constexpr uint64_t kEnough = 128;
constexpr uint64_t kGatherNs = 10'000;
/// For how long the ring is looked at after the peer was asked to ring its doorbell again. VPP and libmemif
/// publish a packet and read the flag without a fence in between: a packet may become visible a moment after
/// the look that follows the change, although its sender has seen the old flag.
constexpr uint64_t kSettleNs = 20'000;

/// Number of queues of this thread that look at their rings. If there are several, each ends its turn after
/// one look.
thread_local uint32_t polling_queues = 0;

void WaitUntil(uint64_t ns) {
  while (uv_hrtime() < ns) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
}

}  // namespace

void RxBinding::OnDoorbell(int events) {
  queue_.DrainDoorbell();  // before the ring is looked at: a later ring of the bell wakes us again
  // The poll has stopped: the counter was over-full, which the peer can cause. It is empty now.
  if (events == 0) poll_->Start(UV_READABLE);
  if (idle_) return;  // polled already
  const uint64_t before = taken_, sent = Sent();
  bool empty = Run();
  bool busy = mode_ == RxMode::kAdaptive && taken_ - before >= kPacketsToPoll;
  if (!empty || busy) return StartPolling();
  if (Sent() != sent && anticipation_.Worthwhile()) Look();
}

/// Packets that this port has sent, by any of its queues.
uint64_t RxBinding::Sent() const {
  uint64_t sent = 0;
  for (size_t i = 0; i < port_->settings().tx_queues; i++) sent += port_->tx(i).counters().packets.value();
  return sent;
}

/// Polls for a moment: a peer that has waited for our answer sends its next packet soon.
void RxBinding::Look() {
  if (closed_) return;
  look_until_ns_ = uv_hrtime() + Anticipation::kLookNs;
  StartPolling();
}

/// Whether to go on after a turn of such a moment.
bool RxBinding::LooksOn(bool came, bool answered) {
  const uint64_t now_ns = uv_hrtime();
  if (!came && now_ns < look_until_ns_) return true;
  if (came) {
    anticipation_.Came();
  } else {
    anticipation_.CameNot();
  }
  const bool again = came && answered && anticipation_.Worthwhile();
  look_until_ns_ = again ? now_ns + Anticipation::kLookNs : 0;
  return again;
}

/// From now on the queue looks at the ring once every turn of the event loop, and lets the loop do everything
/// else.
void RxBinding::StartPolling() {
  uv_loop_t* const loop = LoopOf(env_);
  if (closed_ || idle_ || loop == nullptr) return;
  Mask(mode_ == RxMode::kAdaptive);
  came_ns_ = uv_hrtime();
  idle_ = std::make_unique<HeldHandle<uv_idle_t>>(hold_, this);
  idle_->Initialize([&](uv_idle_t* handle) { return uv_idle_init(loop, handle); });  // cannot fail
  idle_->SetReferenced(ref_);
  polling_queues++;
  uv_idle_start(idle_->get(), [](uv_idle_t* handle) {
    auto self = static_cast<RxBinding*>(handle->data)->shared_from_this();
    self->OnIdle();
  });
}

void RxBinding::StopPolling() {
  if (!idle_) return;
  ForgetIdle();
  look_until_ns_ = gather_until_ns_ = 0;
  Mask(false);
}

void RxBinding::ForgetIdle() {
  if (!idle_) return;
  idle_.reset();
  polling_queues--;
}

/// The flag of the ring is as the queue's last owner has left it.
void RxBinding::TakeMask() {
  queue_.SetMaskInt(mode_ == RxMode::kPolling);
  settled_ns_ = uv_hrtime() + kSettleNs;
}

void RxBinding::Mask(bool masked) {
  if (masked_ == masked) return;
  masked_ = masked;
  queue_.SetMaskInt(masked);
}

/// Runs, and goes on looking for a moment if there is nothing.
bool RxBinding::RunOrLook() {
  const bool looks = polling_queues == 1 && (mode_ == RxMode::kAdaptive || look_until_ns_ > 0);
  const uint64_t before = taken_, until_ns = looks ? uv_hrtime() + kTurnNs : 0;
  bool empty = Run();
  for (uint64_t now_ns = uv_hrtime(); now_ns < until_ns && empty && taken_ == before && !closed_ && !behind_;
       now_ns = uv_hrtime()) {
    WaitUntil(now_ns + kBetweenLooksNs);
    empty = Run();
  }
  return empty;
}

void RxBinding::OnIdle() {
  WaitUntil(gather_until_ns_);
  // Before the look: a thread that loses its core after an early look must not take it for a late one.
  const uint64_t began_ns = uv_hrtime();
  const uint64_t before = taken_, sent = look_until_ns_ > 0 ? Sent() : 0;
  bool empty = RunOrLook();
  if (closed_ || !idle_) return;
  if (empty && behind_) return Attach();
  const uint64_t took = taken_ - before, now_ns = uv_hrtime();
  const bool came = took > 0;
  const bool gathers = mode_ == RxMode::kAdaptive && took >= kStream && took < kEnough;
  gather_until_ns_ = gathers ? now_ns + kGatherNs : 0;
  if (look_until_ns_ > 0 && LooksOn(came, Sent() != sent)) return;
  if (came) {
    came_ns_ = now_ns;
    Mask(mode_ == RxMode::kAdaptive);
  }
  if (!empty || (mode_ == RxMode::kAdaptive && now_ns < came_ns_ + kEmptyNsToSleep)) return;
  if (masked_) {
    Mask(false);
    settled_ns_ = uv_hrtime() + kSettleNs;
  } else if (began_ns >= settled_ns_) {
    StopPolling();
  }
}

}  // namespace vpp_punt::memif
