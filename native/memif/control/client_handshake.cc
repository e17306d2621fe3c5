#include "memif/control/client_handshake.h"

#include <algorithm>
#include <cstring>

#include "memif/control/client_memory.h"

namespace vpp_punt::memif {

Fault ClientHandshake::OnMessage(const memif_msg_t& message, UniqueFd /*passed*/, Channel& channel) {
  heard_ = true;
  switch (static_cast<MsgType>(message.type)) {
    case MsgType::kHello:
      return OnHello(message.hello, channel);
    case MsgType::kAck:
      if (!link_) return "ACK before HELLO";
      SendNext(channel);
      return "";
    case MsgType::kConnected:
      return OnConnected(message.connected);
    default:
      return "unexpected message type " + std::to_string(message.type);
  }
}

Fault ClientHandshake::OnHello(const memif_msg_hello_t& hello, Channel& channel) {
  if (link_) return "HELLO twice";
  if (hello.min_version > kVersion || hello.max_version < kVersion) return "incompatible protocol version";
  if (hello.max_region < 1) return "two regions are needed";
  // The server's maxima are highest indexes; ours are counts.
  const RingPlan plan = {
      static_cast<uint16_t>(std::min<uint32_t>(settings_.tx_queues, hello.max_s2m_ring + 1u)),
      static_cast<uint16_t>(std::min<uint32_t>(settings_.rx_queues, hello.max_m2s_ring + 1u)),
      std::min(settings_.log2_ring_size, hello.max_log2_ring_size)};
  Fault fault;
  link_ = BuildClientMemory(settings_, plan, pool_, &fault);
  if (!fault) fault = OpenRingers(*link_);
  if (fault) return fault;
  link_->peer_name = GetText(hello.name, sizeof hello.name);
  unsent_ = ClientMessages(settings_, *link_, kProgramName);
  SendNext(channel);
  return "";
}

void ClientHandshake::SendNext(Channel& channel) {
  if (unsent_.empty()) return;
  Outgoing next = unsent_.front();
  unsent_.pop_front();
  // A server that refused us has closed already, and its reason is still to be read.
  (void)channel.Send(next.message, next.passed);
}

Fault ClientHandshake::OnConnected(const memif_msg_connect_t& connected) {
  if (!link_) return "CONNECTED before HELLO";
  if (!unsent_.empty()) return "CONNECTED before CONNECT";
  link_->peer_interface = GetText(connected.if_name, sizeof connected.if_name);
  Fault fault = accept_ ? accept_(*link_) : Fault();
  if (fault) return fault;
  // Not earlier: DPDK as server sets head and tail of every ring to 0 when it gets CONNECT.
  for (LinkRing& rx : link_->rx) rx.ring.StoreHead(static_cast<uint16_t>(rx.ring.size()));
  complete_ = true;
  return "";
}

}  // namespace vpp_punt::memif
