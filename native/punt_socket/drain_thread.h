// Reads a punt socket when JavaScript doesn't. VPP never waits and never retries: a packet that finds its
// send buffer full (171 small packets, 57 of 1508 bytes, shared by all of VPP's clients) is lost.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "punt_socket/receiver.h"
#include "util/thread.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

class DrainThread {
 public:
  /// `take_over`: how long JavaScript may leave packets unread. 0: until VPP's send buffer, at the present
  /// rate, might fill up. The thread calls `notify` whenever it has put packets into the ring for which
  /// JavaScript does not come by itself.
  DrainThread(Receiver* receiver, std::chrono::microseconds take_over, std::function<void()> notify);
  ~DrainThread() { Stop(); }

  SystemError Start();
  void Stop();

  /// Makes the thread look at once at a change: a pause, or a new peer.
  void Wake();

 private:
  void Run();
  bool WaitForPackets();
  bool JavaScriptIsLate();
  bool JavaScriptIsBack() const;
  std::chrono::microseconds Interval();
  void Drain();
  void Read();
  void FollowVpp();
  bool Sleep(std::chrono::microseconds time);
  bool Readable() const;

  Receiver* const receiver_;
  const std::chrono::microseconds take_over_;
  const std::function<void()> notify_;
  UniqueFd wake_;  // eventfd
  std::atomic<bool> stopping_{false};
  bool taken_over_ = false;
  uint64_t pulls_at_drain_ = 0;
  uint64_t cost_at_look_ = 0;
  std::chrono::steady_clock::time_point looked_{};
  static constexpr std::chrono::microseconds kShortestInterval{25};
  std::chrono::microseconds interval_ = kShortestInterval;
  std::chrono::steady_clock::time_point followed_{};
  Thread thread_;
};

}  // namespace vpp_punt::punt_socket
