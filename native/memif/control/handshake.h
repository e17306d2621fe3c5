// The handshake, as a state machine over messages: no sockets to wait on, no threads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "memif/control/channel.h"
#include "memif/control/client_messages.h"
#include "memif/shared/link.h"
#include "memif/shared/settings.h"

namespace vpp_punt::memif {

class Handshake {
 public:
  virtual ~Handshake() = default;

  /// Takes the peer's next message with the descriptor that came beside it, and answers on the channel.
  /// Returns what is wrong with it, or "".
  virtual std::string OnMessage(const memif_msg_t& message, UniqueFd passed, Channel& channel) = 0;

  /// The connection, once the handshake is complete.
  const std::shared_ptr<Link>& link() const { return link_; }
  bool complete() const { return complete_; }

  /// Called when everything the peer said has been found good, before it is told so (as server) or told to
  /// anybody (as client). What it returns is wrong with it, or "". For an engine of its own.
  using Accept = std::function<std::string(Link& link)>;

 protected:
  std::shared_ptr<Link> link_;
  bool complete_ = false;
};

/// As client: answers HELLO with our messages, one for each ACK, then waits for CONNECTED. All at once does
/// not do: VPP as server writes one answer for each message it reads, and leaves the second of two that wait
/// unsent (memif/socket.c, memif_conn_fd_write_ready).
class ClientHandshake : public Handshake {
 public:
  /// `accept` may be null.
  ClientHandshake(const Settings& settings, Accept accept)
      : settings_(settings), accept_(std::move(accept)) {}
  std::string OnMessage(const memif_msg_t& message, UniqueFd passed, Channel& channel) override;

 private:
  std::string OnHello(const memif_msg_hello_t& hello, Channel& channel);
  std::string OnConnected(const memif_msg_connect_t& connected);
  void SendNext(Channel& channel);

  const Settings& settings_;
  Accept accept_;
  std::deque<Outgoing> unsent_;
};

/// As server: HELLO has been sent on accept; INIT says which interface is wanted.
class ServerHandshake : public Handshake {
 public:
  /// Claims the interface with that id for this connection and returns its settings; null with a reason when
  /// it cannot be had.
  using Claim = std::function<const Settings*(uint32_t id, std::string* fault)>;

  ServerHandshake(Claim claim, Accept accept) : claim_(std::move(claim)), accept_(std::move(accept)) {}
  std::string OnMessage(const memif_msg_t& message, UniqueFd passed, Channel& channel) override;

  /// Queue counts are the largest of all interfaces on the socket: which of them is wanted is not known yet.
  static bool SendHello(Channel& channel, uint16_t rx_queues, uint16_t tx_queues);

 private:
  struct PendingRing {
    memif_msg_add_ring_t message;
    UniqueFd doorbell;
  };

  std::string OnInit(const memif_msg_init_t& init);
  std::string OnAddRegion(const memif_msg_add_region_t& add, UniqueFd memory);
  std::string OnAddRing(const memif_msg_add_ring_t& add, UniqueFd doorbell);
  std::string OnConnect(const memif_msg_connect_t& connect, Channel& channel);
  std::string ResolveRings(std::vector<PendingRing>& pending, std::vector<LinkRing>* rings);

  Claim claim_;
  Accept accept_;
  const Settings* settings_ = nullptr;
  std::vector<PendingRing> rx_;
  std::vector<PendingRing> tx_;
};

}  // namespace vpp_punt::memif
