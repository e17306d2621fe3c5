// Reads a punt socket when JavaScript doesn't. VPP never waits and never retries: what finds its send buffer
// full (171 small packets, 57 of 1508 bytes, shared by all of VPP's clients) is lost.
#pragma once

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <functional>

#include "punt_socket/receiver.h"
#include "util/unique_fd.h"

namespace vpp_punt::punt_socket {

struct DrainTimes {
  /// JavaScript counts as late when it has not read for so long with packets waiting; 0: as soon as VPP's
  /// send buffer, at the rate of late, might fill up.
  std::chrono::microseconds grace;
  /// For how long at most JavaScript lets packets gather.
  std::chrono::microseconds longest_pause;
};

class DrainThread {
 public:
  /// `notify` is called on the thread whenever packets were put into the ring.
  DrainThread(Receiver* receiver, const DrainTimes& times, std::function<void()> notify);
  ~DrainThread() { Stop(); }

  SystemError Start();
  void Stop();

  /// Looks at once at what has changed: paused, or a new peer.
  void Wake();

 private:
  void Run();
  bool WaitForPackets();
  bool JavaScriptIsLate();
  bool JavaScriptIsBack() const;
  std::chrono::microseconds Interval();
  void Drain();
  void FollowVpp();
  bool Sleep(std::chrono::microseconds time);
  bool Readable() const;

  Receiver* const receiver_;
  const std::chrono::microseconds grace_;
  const std::chrono::microseconds longest_interval_;
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
  pthread_t thread_{};
  bool started_ = false;
};

}  // namespace vpp_punt::punt_socket
