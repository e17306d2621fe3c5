// libvapiclient as if it were VPP's API socket. JavaScript has one end of a socket pair, and speaks on it
// what it would speak to VPP; threads at the other end pass the messages through the library. So one client
// class serves both transports.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "util/thread.h"
#include "util/unique_fd.h"
#include "vapi/client.h"
#include "vapi/outbox.h"

namespace vpp_punt::vapi {

class Bridge {
 public:
  /// `keys`: the messages that the answer to sockclnt_create lists, if VPP has them. The library itself lists
  /// none.
  Bridge(Endpoint endpoint, std::vector<std::string> keys);
  /// The threads must be done.
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// Starts the threads, which call `on_done` as the last thing they do. Returns JavaScript's end, or -errno:
  /// then there are no threads.
  int Start(std::function<void()> on_done);
  /// Ends the connection without waiting for it. JavaScript does the same when it closes its end.
  void Stop();
  /// Waits for the threads, which may wait for VPP's answers for up to 10 s.
  void Join() { thread_.Join(); }
  bool running() const { return thread_.running(); }
  /// Why the connection failed or ended; empty before that.
  Failure failure();
  /// As Client::Lookup; -1 when not connected.
  int Lookup(const std::string& key);

 private:
  void Run();
  void Serve();
  bool AwaitHello(std::string* name);
  bool Connect(const std::string& name);
  void AnswerHello();
  void Forward();
  /// Reads the messages of JavaScript. False when it has closed its end.
  bool ReadFrames();
  Result SendFrames();
  void ReceiveLoop();
  Failure FailureOf(Result result) const;
  void Fail(const Failure& failure);
  /// One round of Forward; false when the connection is over.
  bool Step(Result sent);
  int Patience(Result sent) const;
  bool OnDeath();

  const Endpoint endpoint_;
  const std::vector<std::string> keys_;
  UniqueFd ours_;
  UniqueFd wake_;
  std::unique_ptr<Outbox> outbox_;
  std::vector<uint8_t> in_;  // from JavaScript, not yet passed on
  std::unique_ptr<Client> client_;
  std::mutex mutex_;  // of failure_, and of client_ against Lookup
  Failure failure_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> lost_{false};
  std::function<void()> on_done_;

  // Of the forwarding thread.
  bool open_ = true;      // JavaScript's end
  bool hung_up_ = false;  // VPP's end, in socket mode
  int rounds_since_hang_up_ = 0;

  Thread thread_;
};

}  // namespace vpp_punt::vapi
