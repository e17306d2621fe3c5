#include "libmemif/introduction.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

#include "memif/control/client_messages.h"
#include "memif/control/handshake.h"

namespace vpp_punt::libmemif {

namespace {

using memif::Channel;
using memif::Link;
using memif::LinkRing;
using memif::memif_msg_t;
using memif::MsgType;
using memif::Received;
using memif::Region;
using memif::Ring;
using memif::RingBytes;

/// A ring's parts are cache lines.
constexpr uint64_t kRingAlignment = 64;

uint8_t Log2(const Ring& ring) {
  return static_cast<uint8_t>(__builtin_ctz(ring.size()));
}

uint64_t PrivateBytes(const Ring& ring) {
  return (RingBytes(Log2(ring)) + kRingAlignment - 1) / kRingAlignment * kRingAlignment;
}

/// A ring of the size of `like`, at `offset` in `memory`.
LinkRing MakeRing(Region& memory, uint64_t* offset, const Ring& like) {
  LinkRing made;
  made.ring = Ring(reinterpret_cast<memif::memif_ring_t*>(memory.data() + *offset), Log2(like));
  made.ring.Initialize();
  made.offset = static_cast<uint32_t>(*offset);
  made.doorbell.Reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));  // the library reads it at the end of a burst
  *offset += PrivateBytes(like);
  return made;
}

std::shared_ptr<Link> MakePrivateRings(const Link& link, std::string* fault) {
  uint64_t bytes = 0;
  for (const auto* rings : {&link.rx, &link.tx}) {
    for (const LinkRing& each : *rings) bytes += PrivateBytes(each.ring);
  }
  auto made = std::make_shared<Link>();
  made->role = memif::Role::kServer;
  made->regions.push_back(Region::Create(bytes));
  if (!made->regions[0]) {
    *fault = std::string("no memory for libmemif's rings: ") + strerror(errno);
    return nullptr;
  }
  uint64_t offset = 0;
  for (const LinkRing& each : link.rx) made->rx.push_back(MakeRing(*made->regions[0], &offset, each.ring));
  for (const LinkRing& each : link.tx) made->tx.push_back(MakeRing(*made->regions[0], &offset, each.ring));
  made->regions.insert(made->regions.end(), link.regions.begin(), link.regions.end());
  return made;
}

/// What the library has to say; false with `fault` when that is nothing, or DISCONNECT.
bool Hear(Channel& channel, memif_msg_t* message, UniqueFd* passed, std::string* fault) {
  if (channel.Receive(message, passed) != Received::kMessage) {
    *fault = "libmemif refuses";
  } else if (message->type == static_cast<uint16_t>(MsgType::kDisconnect)) {
    *fault = "libmemif: " + memif::GetText(message->disconnect.string, sizeof message->disconnect.string);
  }
  return fault->empty();
}

}  // namespace

std::shared_ptr<Link> IntroduceClient(const Link& link, Channel& channel, const Pump& pump,
                                      std::string* fault) {
  std::shared_ptr<Link> made = MakePrivateRings(link, fault);
  memif_msg_t heard;
  UniqueFd none;
  pump();
  if (!made || !Hear(channel, &heard, &none, fault)) return nullptr;  // HELLO
  for (const memif::Outgoing& next : memif::ClientMessages({}, *made, memif::kProgramName)) {
    if (!channel.Send(next.message, next.passed)) *fault = "libmemif does not listen";
    pump();
    if (!fault->empty() || !Hear(channel, &heard, &none, fault)) return nullptr;
  }
  return made;
}

std::shared_ptr<Link> IntroduceServer(const Link& link, Channel& channel, const Pump& pump,
                                      std::string* fault) {
  memif::Settings settings;
  settings.rx_queues = static_cast<uint16_t>(link.tx.size());
  settings.tx_queues = static_cast<uint16_t>(link.rx.size());
  memif::ServerHandshake handshake([&](uint32_t, std::string*) { return &settings; },
                                   [](Link&) { return ""; });
  if (!memif::ServerHandshake::SendHello(channel, settings.rx_queues, settings.tx_queues))
    *fault = "libmemif does not listen";
  while (fault->empty() && !handshake.complete()) {
    memif_msg_t message;
    UniqueFd passed;
    pump();
    if (Hear(channel, &message, &passed, fault))
      *fault = handshake.OnMessage(message, std::move(passed), channel);
  }
  pump();  // CONNECTED
  return fault->empty() ? handshake.link() : nullptr;
}

}  // namespace vpp_punt::libmemif
