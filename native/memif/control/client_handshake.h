// The handshake of a client.
#pragma once

#include <deque>

#include "memif/control/client_messages.h"
#include "memif/control/handshake.h"
#include "memif/shared/settings.h"

namespace vpp_punt::memif {

/// Answers HELLO with our messages, one for each ACK, then waits for CONNECTED. It does not send them all at
/// once: VPP as server writes one answer for each message it reads, and leaves the second of two waiting
/// answers unsent (memif/socket.c, memif_conn_fd_write_ready).
class ClientHandshake : public Handshake {
 public:
  /// `accept` and `pool` may be null. The pool is the caller's, and is looked at when HELLO comes.
  ClientHandshake(const Settings& settings, Accept accept, const std::shared_ptr<BufferPool>& pool)
      : settings_(settings), accept_(std::move(accept)), pool_(pool) {}
  Fault OnMessage(const memif_msg_t& message, UniqueFd passed, Channel& channel) override;
  bool CanDisconnect() const override { return heard_; }

 private:
  Fault OnHello(const memif_msg_hello_t& hello, Channel& channel);
  Fault OnConnected(const memif_msg_connect_t& connected);
  void SendNext(Channel& channel);

  const Settings& settings_;
  Accept accept_;
  bool heard_ = false;  // the server has spoken
  const std::shared_ptr<BufferPool>& pool_;
  std::deque<Outgoing> unsent_;
};

}  // namespace vpp_punt::memif
