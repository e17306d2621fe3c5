#include <algorithm>
#include <cstring>

#include "memif/client_memory.h"
#include "memif/handshake.h"
#include "memif/program.h"

namespace vpp_punt::memif {

std::string ClientHandshake::OnMessage(const memif_msg_t& message, UniqueFd /*passed*/, Channel& channel) {
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

std::string ClientHandshake::OnHello(const memif_msg_hello_t& hello, Channel& channel) {
  if (link_) return "HELLO twice";
  if (hello.min_version > kVersion || hello.max_version < kVersion) return "incompatible protocol version";
  if (hello.max_region < 1) return "two regions are needed";
  // The server's maxima are highest indexes; ours are counts.
  Agreed agreed = {static_cast<uint16_t>(std::min<uint32_t>(settings_.tx_queues, hello.max_s2m_ring + 1u)),
                   static_cast<uint16_t>(std::min<uint32_t>(settings_.rx_queues, hello.max_m2s_ring + 1u)),
                   std::min(settings_.log2_ring_size, hello.max_log2_ring_size)};
  std::string fault;
  link_ = BuildClientMemory(settings_, agreed, &fault);
  if (!link_) return fault;
  link_->peer_name = GetText(hello.name, sizeof hello.name);
  QueueInit();
  QueueRegions();
  QueueRings(link_->tx, kAddRingFlagS2M);
  QueueRings(link_->rx, 0);
  QueueConnect();
  SendNext(channel);
  return "";
}

void ClientHandshake::SendNext(Channel& channel) {
  if (unsent_.empty()) return;
  Unsent next = unsent_.front();
  unsent_.pop_front();
  // A server that refused has closed already; what it said is still to be read.
  (void)channel.Send(next.message, next.passed);
}

void ClientHandshake::QueueInit() {
  memif_msg_t message = MakeMessage(MsgType::kInit);
  message.init.version = kVersion;
  message.init.id = settings_.id;
  message.init.mode = static_cast<uint8_t>(settings_.mode);
  PutText(message.init.secret, sizeof message.init.secret, settings_.secret);
  PutText(message.init.name, sizeof message.init.name, kProgramName);
  unsent_.push_back({message, -1});
}

void ClientHandshake::QueueRegions() {
  for (size_t i = 0; i < link_->regions.size(); i++) {
    memif_msg_t message = MakeMessage(MsgType::kAddRegion);
    message.add_region.index = static_cast<uint16_t>(i);
    message.add_region.size = link_->regions[i]->size();
    unsent_.push_back({message, link_->regions[i]->fd()});
  }
}

void ClientHandshake::QueueRings(const std::vector<LinkRing>& rings, uint16_t flags) {
  for (size_t i = 0; i < rings.size(); i++) {
    const LinkRing& ring = rings[i];
    memif_msg_t message = MakeMessage(MsgType::kAddRing);
    message.add_ring.flags = flags;
    message.add_ring.index = static_cast<uint16_t>(i);
    message.add_ring.region = ring.region;
    message.add_ring.offset = ring.offset;
    message.add_ring.log2_ring_size = static_cast<uint8_t>(__builtin_ctz(ring.ring.size()));
    unsent_.push_back({message, ring.doorbell.get()});
  }
}

void ClientHandshake::QueueConnect() {
  memif_msg_t message = MakeMessage(MsgType::kConnect);
  PutText(message.connect.if_name, sizeof message.connect.if_name, settings_.name);
  unsent_.push_back({message, -1});
}

std::string ClientHandshake::OnConnected(const memif_msg_connect_t& connected) {
  if (!link_) return "CONNECTED before HELLO";
  link_->peer_interface = GetText(connected.if_name, sizeof connected.if_name);
  // Not before: DPDK as server sets head and tail of every ring to 0 when it gets CONNECT.
  for (LinkRing& rx : link_->rx) rx.ring.StoreHead(static_cast<uint16_t>(rx.ring.size()));
  complete_ = true;
  return "";
}

}  // namespace vpp_punt::memif
