#include "libmemif/handshake.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

#include "memif/control/client_messages.h"
#include "memif/control/server_handshake.h"

namespace vpp_punt::libmemif {

namespace {

using memif::Channel;
using memif::Fault;
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

std::shared_ptr<Link> MakePrivateRings(const Link& link, Fault* fault) {
  uint64_t bytes = 0;
  for (const auto* rings : {&link.rx, &link.tx}) {
    for (const LinkRing& each : *rings) bytes += PrivateBytes(each.ring);
  }
  auto made = std::make_shared<Link>();
  made->role = memif::Role::kServer;
  made->regions.push_back(Region::Create(bytes));
  if (!made->regions[0]) {
    *fault = Fault::Ours(std::string("no memory for libmemif's rings: ") + strerror(errno));
    return nullptr;
  }
  uint64_t offset = 0;
  for (const LinkRing& each : link.rx) made->rx.push_back(MakeRing(*made->regions[0], &offset, each.ring));
  for (const LinkRing& each : link.tx) made->tx.push_back(MakeRing(*made->regions[0], &offset, each.ring));
  if (!made->HasDoorbells()) {
    *fault = Fault::Ours(std::string("no doorbell for libmemif's rings: ") + strerror(errno));
    return nullptr;
  }
  made->regions.insert(made->regions.end(), link.regions.begin(), link.regions.end());
  return made;
}

/// Receives the library's next message. Returns false with `fault` if there is none, or it is DISCONNECT.
bool ReceiveReply(Channel& channel, memif_msg_t* message, UniqueFd* passed, Fault* fault) {
  if (channel.Receive(message, passed) != Received::kMessage) {
    *fault = Fault::Ours("libmemif refuses");
  } else if (message->type == static_cast<uint16_t>(MsgType::kDisconnect)) {
    *fault = "libmemif: " + memif::GetText(message->disconnect.string, sizeof message->disconnect.string);
  }
  return !*fault;
}

}  // namespace

std::shared_ptr<Link> ConnectAsClient(const Link& link, Channel& channel, const RunLibrary& run,
                                      Fault* fault) {
  std::shared_ptr<Link> made = MakePrivateRings(link, fault);
  memif_msg_t reply;
  UniqueFd none;
  run();
  if (!made || !ReceiveReply(channel, &reply, &none, fault)) return nullptr;  // HELLO
  for (const memif::Outgoing& next : memif::ClientMessages({}, *made, memif::kProgramName)) {
    if (!channel.Send(next.message, next.passed)) *fault = Fault::Ours("libmemif does not listen");
    run();
    if (*fault || !ReceiveReply(channel, &reply, &none, fault)) return nullptr;
  }
  return made;
}

std::shared_ptr<Link> ConnectAsServer(const Link& link, Channel& channel, const RunLibrary& run,
                                      Fault* fault) {
  memif::Settings settings;
  settings.rx_queues = static_cast<uint16_t>(link.tx.size());
  settings.tx_queues = static_cast<uint16_t>(link.rx.size());
  memif::ServerHandshake handshake([&](uint32_t, std::string*) { return &settings; }, nullptr);
  if (!memif::ServerHandshake::SendHello(channel, settings.rx_queues, settings.tx_queues))
    *fault = Fault::Ours("libmemif does not listen");
  while (!*fault && !handshake.complete()) {
    memif_msg_t message;
    UniqueFd passed;
    run();
    if (ReceiveReply(channel, &message, &passed, fault))
      *fault = handshake.OnMessage(message, std::move(passed), channel);
  }
  run();  // CONNECTED
  return !*fault ? handshake.link() : nullptr;
}

}  // namespace vpp_punt::libmemif
