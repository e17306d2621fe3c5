// libvapiclient as if it were VPP's API socket: one end of a socket pair is JavaScript's, which speaks on it
// what it would speak to VPP; threads at the other end pass the messages through the library. So one client
// class serves both.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "util/unique_fd.h"
#include "vapi/library.h"
#include "vapi/outbox.h"

namespace vpp_punt::vapi {

class Bridge : public std::enable_shared_from_this<Bridge> {
 public:
  /// `keys`: the messages that the answer to sockclnt_create is to list, as far as VPP has them. The library
  /// lists none itself.
  Bridge(Endpoint endpoint, std::vector<std::string> keys);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// Starts the threads, which keep the bridge alive until they are done. Returns JavaScript's end, or
  /// -errno.
  int Start();
  /// Ends the connection without waiting for it. JavaScript closing its end does the same.
  void Stop();
  /// Waits until the threads are done: for VPP's answers, for up to 10 s.
  void Wait();
  /// Why the connection failed or ended; empty if it has not.
  Failure failure();
  /// As Library::Lookup; -1 when not connected.
  int Lookup(const std::string& key);

 private:
  void Run();
  bool AwaitHello(std::string* name);
  bool Connect(const std::string& name);
  void AnswerHello();
  void Forward();
  /// Passes on what JavaScript has sent. False when it has closed its end.
  bool ReadFrames();
  Result SendFrames();
  void ReceiveLoop();
  Failure FailureOf(Result result) const;
  void Fail(const Failure& failure);
  /// One round of Forward; false when it is over.
  bool Step(Result sent);
  int Patience(Result sent) const;
  bool OnDeath();

  const Endpoint endpoint_;
  const std::vector<std::string> keys_;
  UniqueFd ours_;
  UniqueFd wake_;
  std::unique_ptr<Outbox> outbox_;
  std::vector<uint8_t> in_;  // from JavaScript, not yet passed on
  std::unique_ptr<Library> library_;
  std::mutex mutex_;  // of failure_, and of library_ against Lookup
  Failure failure_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> lost_{false};

  // Of the forwarding thread.
  bool open_ = true;      // JavaScript's end
  bool hung_up_ = false;  // VPP's, in socket mode
  int rounds_since_hang_up_ = 0;

  std::mutex done_mutex_;
  std::condition_variable done_changed_;
  bool done_ = true;
};

}  // namespace vpp_punt::vapi
