// The handshake, as a state machine over messages: no sockets to wait on, no threads.
#pragma once

#include <functional>
#include <memory>

#include "memif/control/channel.h"
#include "memif/shared/fault.h"
#include "memif/shared/link.h"

namespace vpp_punt::memif {

class Handshake {
 public:
  virtual ~Handshake() = default;

  /// Takes the peer's next message with the descriptor that came beside it, and answers on the channel.
  virtual Fault OnMessage(const memif_msg_t& message, UniqueFd passed, Channel& channel) = 0;

  /// Tells the peer that the handshake is complete, after our own end is up: a peer that knows may send, and
  /// expects an answer.
  virtual Fault Confirm(Channel& channel) {
    (void)channel;
    return "";
  }

  /// Whether the peer can take a DISCONNECT now: a DISCONNECT before INIT crashes libmemif as server.
  virtual bool CanDisconnect() const { return true; }

  /// The connection, once the handshake is complete.
  const std::shared_ptr<Link>& link() const { return link_; }
  bool complete() const { return complete_; }

  /// Called with a link that has been found good, before the peer (as server) or the port (as client) learns
  /// of it. An engine of its own may put a relay into the link, or refuse it.
  using Accept = std::function<Fault(Link& link)>;

 protected:
  std::shared_ptr<Link> link_;
  bool complete_ = false;
};

}  // namespace vpp_punt::memif
