#include "memif/control/server_handshake.h"

#include <fcntl.h>

#include <cstring>

namespace vpp_punt::memif {

bool ServerHandshake::SendHello(Channel& channel, uint16_t rx_queues, uint16_t tx_queues) {
  memif_msg_t message = MakeMessage(MsgType::kHello);
  PutText(message.hello.name, sizeof message.hello.name, kProgramName);
  message.hello.min_version = kVersion;
  message.hello.max_version = kVersion;
  message.hello.max_region = kMaxRegion;
  message.hello.max_m2s_ring = static_cast<uint16_t>(tx_queues - 1);  // highest indexes, not counts
  message.hello.max_s2m_ring = static_cast<uint16_t>(rx_queues - 1);
  message.hello.max_log2_ring_size = kMaxLog2RingSize;
  return channel.Send(message);
}

Fault ServerHandshake::OnMessage(const memif_msg_t& message, UniqueFd passed, Channel& channel) {
  MsgType type = static_cast<MsgType>(message.type);
  if (type == MsgType::kAck) return "";
  if (type != MsgType::kInit && settings_ == nullptr)
    return "message type " + std::to_string(message.type) + " before INIT";
  Fault fault;
  switch (type) {
    case MsgType::kInit:
      fault = OnInit(message.init);
      break;
    case MsgType::kAddRegion:
      fault = OnAddRegion(message.add_region, std::move(passed));
      break;
    case MsgType::kAddRing:
      fault = OnAddRing(message.add_ring, std::move(passed));
      break;
    case MsgType::kConnect:
      return OnConnect(message.connect);
    default:
      return "unexpected message type " + std::to_string(message.type);
  }
  if (!fault && !channel.SendAck()) fault = "peer does not read its control socket";
  return fault;
}

namespace {

/// Compares in a time that does not depend on the place of the first difference.
bool SecretMatches(const uint8_t* offered, const std::string& secret) {
  uint8_t expected[kSecretSize];
  PutText(expected, sizeof expected, secret);
  uint8_t difference = 0;
  for (size_t i = 0; i < kSecretSize; i++) difference |= expected[i] ^ offered[i];
  return difference == 0;
}

}  // namespace

Fault ServerHandshake::OnInit(const memif_msg_init_t& init) {
  if (settings_ != nullptr) return "INIT twice";
  if (init.version != kVersion) return "unsupported version " + std::to_string(init.version);
  std::string fault;
  const Settings* settings = reserve_(init.id, &fault);
  if (settings == nullptr) return fault;
  if (init.mode != static_cast<uint8_t>(settings->mode)) return "mode mismatch";
  if (!settings->secret.empty() && init.secret[0] == 0) return "secret required";
  if (!settings->secret.empty() && !SecretMatches(init.secret, settings->secret)) return "incorrect secret";
  settings_ = settings;
  link_ = std::make_shared<Link>();
  link_->role = Role::kServer;
  link_->peer_name = GetText(init.name, sizeof init.name);
  return "";
}

Fault ServerHandshake::OnAddRegion(const memif_msg_add_region_t& add, UniqueFd memory) {
  if (!memory) return "missing memory region fd";
  if (add.index != link_->regions.size()) return "unexpected region index " + std::to_string(add.index);
  if (add.index > kMaxRegion) return "too many regions";
  Fault fault;
  std::shared_ptr<Region> region = Region::Map(std::move(memory), add.size, &fault);
  if (!region) return fault;
  link_->regions.push_back(std::move(region));
  return "";
}

Fault ServerHandshake::OnAddRing(const memif_msg_add_ring_t& add, UniqueFd doorbell) {
  bool s2m = add.flags & kAddRingFlagS2M;
  std::vector<PendingRing>& rings = s2m ? rx_ : tx_;
  size_t limit = s2m ? settings_->rx_queues : settings_->tx_queues;
  if (!doorbell) return "missing ring interrupt fd";
  if (!IsEventFd(doorbell.get())) return "ring interrupt fd is not an eventfd";
  if (IsSemaphore(doorbell.get())) return "ring interrupt fd is a semaphore";
  if (add.private_hdr_size != 0) return "private headers not supported";
  if (add.log2_ring_size > kMaxLog2RingSize)
    return "ring of 2^" + std::to_string(add.log2_ring_size) + " slots is too large";
  if (add.index != rings.size()) return "unexpected ring index " + std::to_string(add.index);
  if (add.index >= limit)
    return "too many rings: " + std::to_string(limit) + (s2m ? " S2M" : " M2S") + " configured";
  rings.push_back({add, std::move(doorbell)});
  return "";
}

Fault ServerHandshake::ResolveRings(std::vector<PendingRing>& pending, std::vector<LinkRing>* rings) {
  for (PendingRing& ring : pending) {
    const memif_msg_add_ring_t& add = ring.message;
    std::string which = "ring " + std::to_string(add.index) + (add.flags & kAddRingFlagS2M ? " S2M" : " M2S");
    if (add.region >= link_->regions.size())
      return which + " in unknown region " + std::to_string(add.region);
    const Region& region = *link_->regions[add.region];
    if (add.offset % 16 != 0) return which + " is not aligned";
    if (add.offset + RingBytes(add.log2_ring_size) > region.size()) return which + " exceeds its region";
    LinkRing resolved;
    resolved.ring = Ring(reinterpret_cast<memif_ring_t*>(region.data() + add.offset), add.log2_ring_size);
    if (resolved.ring.LoadCookie() != kCookie) return which + " has a wrong cookie";
    resolved.doorbell = std::move(ring.doorbell);
    resolved.region = add.region;
    resolved.offset = add.offset;
    rings->push_back(std::move(resolved));
  }
  return "";
}

Fault ServerHandshake::CompleteLink(const memif_msg_connect_t& connect) {
  if (rx_.empty() && tx_.empty()) return "no rings";
  Fault fault = ResolveRings(rx_, &link_->rx);
  if (!fault) fault = ResolveRings(tx_, &link_->tx);
  if (!fault) fault = OpenRingers(*link_);
  if (fault) return fault;
  link_->peer_interface = GetText(connect.if_name, sizeof connect.if_name);
  return accept_ ? accept_(*link_) : Fault();
}

Fault ServerHandshake::OnConnect(const memif_msg_connect_t& connect) {
  Fault fault = CompleteLink(connect);
  if (fault) return fault;
  for (const auto& region : link_->regions) region->CloseFile();
  complete_ = true;
  return "";
}

Fault ServerHandshake::Confirm(Channel& channel) {
  memif_msg_t message = MakeMessage(MsgType::kConnected);
  PutText(message.connected.if_name, sizeof message.connected.if_name, settings_->name);
  if (!channel.Send(message)) return "peer does not read its control socket";
  return "";
}

}  // namespace vpp_punt::memif
