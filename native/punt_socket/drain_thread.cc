#include "punt_socket/drain_thread.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "punt_socket/scheduling.h"
#include "punt_socket/send_buffer.h"

namespace vpp_punt::punt_socket {

namespace {

/// A drain that takes longer is one of a flood. Within it VPP's send buffer fills at 600,000 packets a second
/// of 1500 bytes.
constexpr std::chrono::microseconds kLongestDrain{100};

/// How often the thread looks whether a restarted VPP has a new socket.
constexpr std::chrono::milliseconds kFollowInterval{1000};

/// JavaScript that reads this often between two looks does nothing else: it is not late soon, and each look
/// takes its core away.
constexpr uint64_t kPolls = 50;
constexpr int kPollingFactor = 4;

/// A standstill is seen after one to two intervals between looks, so two must not fill VPP's send buffer.
constexpr int kLooksPerFill = 2;
/// A longer interval would spare little.
constexpr std::chrono::microseconds kLongestInterval{150};

}  // namespace

DrainThread::DrainThread(Receiver* receiver, std::chrono::microseconds take_over,
                         std::function<void()> notify)
    : receiver_(receiver), take_over_(take_over), notify_(std::move(notify)) {}

SystemError DrainThread::Start() {
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return {errno, "eventfd"};
  return {thread_.Start("punt-drain", [this] { Run(); }), "thread"};
}

void DrainThread::Stop() {
  if (!thread_.running()) return;
  stopping_.store(true);
  Wake();
  thread_.Join();
}

void DrainThread::Wake() {
  eventfd_write(wake_.get(), 1);  // EAGAIN: the thread has not even seen the last 2^64 - 2 calls
}

void DrainThread::Run() {
  PreferShortWaits();
  while (!stopping_.load()) {
    FollowVpp();
    if (!WaitForPackets()) continue;
    if (taken_over_ && JavaScriptIsBack()) taken_over_ = false;
    if (receiver_->paused() || taken_over_ || JavaScriptIsLate()) Drain();
  }
}

/// True when packets are queued; false when woken for another reason.
bool DrainThread::WaitForPackets() {
  pollfd fds[] = {{receiver_->fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  const int timeout = receiver_->follows_vpp() ? static_cast<int>(kFollowInterval.count()) : -1;
  if (poll(fds, 2, timeout) <= 0) return false;
  eventfd_t wakes;
  if (fds[1].revents != 0) eventfd_read(wake_.get(), &wakes);
  if ((fds[0].revents & (POLLERR | POLLIN)) == POLLERR) receiver_->ClearError();
  return (fds[0].revents & POLLIN) != 0;
}

/// Packets have come. As long as JavaScript reads, the thread stays out of its way and looks only now and
/// then: waking up for each packet would cost as much as reading it. While it lets packets gather, the thread
/// reads them. True when JavaScript has stopped and packets wait.
bool DrainThread::JavaScriptIsLate() {
  for (bool polling = false;;) {
    const uint64_t pulls = receiver_->pulls();
    const std::chrono::microseconds interval = Interval();
    const bool woken = Sleep(polling ? interval * kPollingFactor : interval);
    if (woken || stopping_.load()) return false;
    if (receiver_->gathering()) {
      Read();
    } else if (receiver_->pulls() == pulls) {
      return Readable();
    }
    polling = receiver_->pulls() - pulls >= kPolls;
    FollowVpp();
  }
}

/// Reads, and then sleeps for a little, because JavaScript may need this core to catch up. The sleep is short
/// however slowly packets come: a VPP that was held up itself sends all its packets at once.
void DrainThread::Drain() {
  taken_over_ = !receiver_->paused();
  Read();
  Sleep(kShortestInterval);
}

/// Reads what is queued. In a flood it then sleeps as long as it has read, unless JavaScript reads on another
/// core: a thread that always found packets would leave JavaScript no time for any of them.
void DrainThread::Read() {
  using std::chrono::steady_clock;
  const uint64_t pulls = receiver_->pulls();
  const auto began = steady_clock::now();
  const Drained drained = receiver_->Drain(kLongestDrain);
  // JavaScript that lets packets gather comes for them by itself. If it came during the drain, either this
  // thread sees that here, or JavaScript has found the socket unlocked.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (drained.stored && !receiver_->gathering()) notify_();
  pulls_at_drain_ = receiver_->pulls();
  if (!drained.more || pulls_at_drain_ != pulls) return;
  Sleep(std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began));
}

/// How long not to look, from the rate of packets since the last call.
std::chrono::microseconds DrainThread::Interval() {
  using std::chrono::microseconds;
  if (take_over_.count() > 0) return take_over_;
  const auto now = std::chrono::steady_clock::now();
  const uint64_t cost = receiver_->cost();
  const auto elapsed = std::chrono::duration_cast<microseconds>(now - looked_);
  const uint64_t spent = std::max<uint64_t>(cost - cost_at_look_, 1);
  looked_ = now;
  cost_at_look_ = cost;
  const uint64_t fills_in = kSendBuffer * static_cast<uint64_t>(elapsed.count()) / spent;
  const microseconds look(std::min<uint64_t>(fills_in / kLooksPerFill, kLongestInterval.count()));
  // Packets that came slowly because a thread stood still come fast again.
  interval_ = std::clamp(look, kShortestInterval, 2 * interval_);
  return interval_;
}

/// JavaScript has read since the last drain, and left nothing in the ring.
bool DrainThread::JavaScriptIsBack() const {
  return receiver_->pulls() != pulls_at_drain_ && !receiver_->HasBacklog();
}

void DrainThread::FollowVpp() {
  if (!receiver_->follows_vpp()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - followed_ < kFollowInterval) return;
  followed_ = now;
  receiver_->Reconnect(false);
  if (receiver_->HasBacklog()) notify_();
}

/// True when woken before the time was over.
bool DrainThread::Sleep(std::chrono::microseconds time) {
  pollfd fd = {wake_.get(), POLLIN, 0};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec limit = {seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
  return ppoll(&fd, 1, &limit, nullptr) > 0;
}

bool DrainThread::Readable() const {
  pollfd fd = {receiver_->fd(), POLLIN, 0};
  return poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN) != 0;
}

}  // namespace vpp_punt::punt_socket
