// One control connection from its first message to its end. Lives on the control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "memif/control/channel.h"
#include "memif/control/handshake.h"
#include "memif/control/loop.h"

namespace vpp_punt::memif {

/// Why a connection ended.
struct Ending {
  enum class By {
    kPeer,       // the peer sent DISCONNECT, closed, or cannot be reached
    kViolation,  // the peer broke the protocol, and got a DISCONNECT that names the rule
    kSelf,       // we closed, or lack something
  };
  By by;
  std::string reason;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Callbacks {
    std::function<void(const std::shared_ptr<Link>&)> up;
    /// Called once, and nothing after it. `was_up`: whether `up` had been called.
    std::function<void(const Ending&, bool was_up)> down;
  };

  Session(ControlLoop& loop, UniqueFd fd, std::unique_ptr<Handshake> handshake, Callbacks callbacks);

  /// Starts to listen to the peer. A handshake that is not complete in time is a violation.
  void Start();
  Channel& channel() { return channel_; }

  /// Whether the memory of the connection exists, which a client offers when HELLO comes.
  bool HasMemory() const { return handshake_->link() != nullptr; }

  /// Tells the peer the reason, and ends.
  void Close(const Ending& ending);

 private:
  void OnReadable();
  /// False if the session has ended.
  bool OnMessage(const memif_msg_t& message, UniqueFd passed);
  void BringUp();
  void Fail(const Fault& fault);
  void Finish(const Ending& ending);

  ControlLoop& loop_;
  Channel channel_;
  std::unique_ptr<Handshake> handshake_;
  Callbacks callbacks_;
  std::shared_ptr<Link> link_;
  ControlLoop::TimerId timeout_ = 0;
  bool ended_ = false;
};

}  // namespace vpp_punt::memif
