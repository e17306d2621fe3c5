#include "memif/control/client_messages.h"

namespace vpp_punt::memif {

namespace {

Outgoing Init(const Settings& settings, const std::string& program) {
  memif_msg_t message = MakeMessage(MsgType::kInit);
  message.init.version = kVersion;
  message.init.id = settings.id;
  message.init.mode = static_cast<uint8_t>(settings.mode);
  PutText(message.init.secret, sizeof message.init.secret, settings.secret);
  PutText(message.init.name, sizeof message.init.name, program);
  return {message, -1};
}

Outgoing AddRegion(const Region& region, size_t index) {
  memif_msg_t message = MakeMessage(MsgType::kAddRegion);
  message.add_region.index = static_cast<uint16_t>(index);
  message.add_region.size = region.size();
  return {message, region.fd()};
}

Outgoing AddRing(const LinkRing& ring, size_t index, uint16_t flags) {
  memif_msg_t message = MakeMessage(MsgType::kAddRing);
  message.add_ring.flags = flags;
  message.add_ring.index = static_cast<uint16_t>(index);
  message.add_ring.region = ring.region;
  message.add_ring.offset = ring.offset;
  message.add_ring.log2_ring_size = static_cast<uint8_t>(__builtin_ctz(ring.ring.size()));
  return {message, ring.doorbell.get()};
}

Outgoing Connect(const Settings& settings) {
  memif_msg_t message = MakeMessage(MsgType::kConnect);
  PutText(message.connect.if_name, sizeof message.connect.if_name, settings.name);
  return {message, -1};
}

}  // namespace

std::deque<Outgoing> ClientMessages(const Settings& settings, const Link& link, const std::string& program) {
  // A server's link is described from the client's side, where transmit and receive rings change places.
  const bool client = link.role == Role::kClient;
  const std::vector<LinkRing>& s2m = client ? link.tx : link.rx;
  const std::vector<LinkRing>& m2s = client ? link.rx : link.tx;
  std::deque<Outgoing> messages = {Init(settings, program)};
  for (size_t i = 0; i < link.regions.size(); i++) messages.push_back(AddRegion(*link.regions[i], i));
  for (size_t i = 0; i < s2m.size(); i++) messages.push_back(AddRing(s2m[i], i, kAddRingFlagS2M));
  for (size_t i = 0; i < m2s.size(); i++) messages.push_back(AddRing(m2s[i], i, 0));
  messages.push_back(Connect(settings));
  return messages;
}

}  // namespace vpp_punt::memif
