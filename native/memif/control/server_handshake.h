// The handshake of a server.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "memif/control/handshake.h"
#include "memif/shared/settings.h"

namespace vpp_punt::memif {

/// HELLO has been sent when the connection was accepted. INIT says which interface the client wants.
class ServerHandshake : public Handshake {
 public:
  /// Reserves the interface with that id for this connection and returns its settings; null with a reason if
  /// it is not free.
  using Reserve = std::function<const Settings*(uint32_t id, std::string* fault)>;

  /// `accept` may be null.
  ServerHandshake(Reserve reserve, Accept accept)
      : reserve_(std::move(reserve)), accept_(std::move(accept)) {}
  Fault OnMessage(const memif_msg_t& message, UniqueFd passed, Channel& channel) override;
  Fault Confirm(Channel& channel) override;

  /// Queue counts are the largest of all interfaces on the socket, because the wanted interface is not known
  /// yet.
  static bool SendHello(Channel& channel, uint16_t rx_queues, uint16_t tx_queues);

 private:
  struct PendingRing {
    memif_msg_add_ring_t message;
    UniqueFd doorbell;
  };

  Fault OnInit(const memif_msg_init_t& init);
  Fault OnAddRegion(const memif_msg_add_region_t& add, UniqueFd memory);
  Fault OnAddRing(const memif_msg_add_ring_t& add, UniqueFd doorbell);
  Fault OnConnect(const memif_msg_connect_t& connect);
  Fault ResolveRings(std::vector<PendingRing>& pending, std::vector<LinkRing>* rings);
  Fault CompleteLink(const memif_msg_connect_t& connect);

  Reserve reserve_;
  Accept accept_;
  const Settings* settings_ = nullptr;
  std::vector<PendingRing> rx_;
  std::vector<PendingRing> tx_;
};

}  // namespace vpp_punt::memif
