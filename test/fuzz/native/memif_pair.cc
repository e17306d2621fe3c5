// Two honest peers, both ours, against a model: each packet arrives once, in order and whole, and the rings
// have the slots that the packets in them leave.
#include <sys/socket.h>

#include <thread>
#include <vector>

#include "flow.h"
#include "input.h"
#include "memif/control/client_handshake.h"
#include "memif/control/client_memory.h"
#include "memif/control/server_handshake.h"
#include "memif/port/rx_queue.h"
#include "memif/port/tx_queue.h"
#include "refusals.h"

namespace {

using namespace vpp_punt;
using namespace vpp_punt::memif;
using namespace fuzz;

Settings ClientSettings(Input& input) {
  Settings settings;
  settings.role = Role::kClient;
  settings.rx_queues = static_cast<uint16_t>(1 + input.Below(2));
  settings.tx_queues = static_cast<uint16_t>(1 + input.Below(2));
  settings.log2_ring_size = static_cast<uint8_t>(1 + input.Below(5));
  settings.buffer_size = 64 * (1 + input.Below(4));
  settings.spare_buffers = input.Below(4);
  settings.id = input.Half();
  settings.mode = input.Byte() & 1 ? Mode::kIp : Mode::kEthernet;
  settings.secret = input.Byte() & 1 ? "" : "a secret";
  settings.name = "client0";
  return settings;
}

/// Both ends of a connection, after their handshakes.
struct Pair {
  Pair(const Settings& client, const Settings& server, const std::shared_ptr<BufferPool>& pool)
      : c(client, nullptr, pool),
        s(
            [&](uint32_t id, std::string*) {
              Expect(id == client.id);
              return &server;
            },
            nullptr) {
    int ends[2];
    Expect(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    Channel ours{UniqueFd(ends[0])}, theirs{UniqueFd(ends[1])};
    Expect(ServerHandshake::SendHello(theirs, server.rx_queues, server.tx_queues));
    for (int i = 0; i < 64 && !(c.complete() && s.complete()); i++) {
      Turn(ours, c);
      const bool before = s.complete();
      Turn(theirs, s);
      if (!before && s.complete()) Expect(!s.Confirm(theirs));
    }
    Expect(c.complete() && s.complete());
    Expect(s.link()->peer_interface == client.name && c.link()->peer_interface == server.name);
    Expect(s.link()->peer_name == kProgramName && c.link()->peer_name == kProgramName);
  }

  static void Turn(Channel& channel, Handshake& handshake) {
    memif_msg_t message;
    UniqueFd passed;
    if (channel.Receive(&message, &passed) != Received::kMessage) return;
    const Fault fault = handshake.OnMessage(message, std::move(passed), channel);
    Expect(!fault);
  }

  ClientHandshake c;
  ServerHandshake s;
};

void Exchange(Input& input) {
  const Settings client = ClientSettings(input);
  Settings server = client;
  server.role = Role::kServer;
  server.name = "server0";
  std::swap(server.rx_queues, server.tx_queues);
  if (input.Rarely()) server.rx_queues = server.tx_queues = 1;
  const uint32_t buffers = (client.rx_queues + client.tx_queues) << client.log2_ring_size;
  const bool pooled = client.spare_buffers == 0 && (input.Byte() & 1);
  const std::shared_ptr<BufferPool> pool = pooled ? BufferPool::Create(client.buffer_size, buffers) : nullptr;
  {
    const Pair pair(client, server, pool);
    const auto c = std::make_shared<LinkSlot>(), s = std::make_shared<LinkSlot>();
    c->Publish(pair.c.link());
    s->Publish(pair.s.link());
    Expect(pair.c.link()->tx.size() == std::min(client.tx_queues, server.rx_queues));
    Expect(pair.c.link()->rx.size() == std::min(client.rx_queues, server.tx_queues));
    std::vector<std::unique_ptr<Flow>> flows;
    for (size_t i = 0; i < pair.c.link()->tx.size(); i++)
      flows.push_back(std::make_unique<Flow>(c, s, i, client, false));
    for (size_t i = 0; i < pair.c.link()->rx.size(); i++)
      flows.push_back(std::make_unique<Flow>(s, c, i, client, true));
    for (int i = 0; i < 600 && !input.empty(); i++) {
      Flow& flow = *flows[input.Below(static_cast<uint32_t>(flows.size()))];
      Flow& back = *flows[flow.toward_client() ? 0 : flows.size() - 1];
      if (input.Rarely() && back.toward_client() != flow.toward_client()) {
        flow.PassOn(input, back);
      } else {
        flow.Act(input);
      }
    }
    for (const auto& flow : flows) flow->Finish(input);
    Expect(!pair.c.link()->failed() && !pair.s.link()->failed());
  }
  // The connection has given its buffers back.
  Expect(!pooled || pool->Take(buffers).size() == buffers);
}

/// A peer's ring as the peer fills it, slot by slot.
struct Producer {
  LinkRing& ring;
  uint16_t head = 0;

  void Put(uint32_t length, bool more = false) {
    const uint32_t buffer = ring.buffers[head % ring.ring.size()];
    ring.ring.StoreDescriptor(head++, {static_cast<uint16_t>(more), ring.buffer_region, length, buffer, 0});
  }
  /// A packet of `slots` slots of 2048 bytes, and of one with the rest.
  void PutChain(uint32_t slots, uint32_t rest) {
    for (uint32_t i = 0; i < slots; i++) Put(2048, true);
    Put(rest);
  }
};

/// Packets that no handler gets: empty ones, ones that are too long, and ones without an end.
void Drops() {
  Settings client = OneRing(Role::kClient);
  client.log2_ring_size = 7;
  client.buffer_size = 2048;
  Settings server = client;
  server.role = Role::kServer;
  const Pair pair(client, server, nullptr);
  const auto slot = std::make_shared<LinkSlot>();
  slot->Publish(pair.s.link());
  RxQueue rx(slot, 0);
  rx.Refresh();
  Producer peer{pair.c.link()->tx[0]};
  peer.Put(0);
  peer.Put(10);
  peer.PutChain(32, 0);
  peer.PutChain(31, 2047);
  peer.Put(20);
  peer.PutChain(0, 0);
  peer.ring.ring.StoreHead(peer.head);
  uint32_t columns[3 * kPackets];
  const PacketTable table(columns, kPackets);
  Expect(rx.Burst(table, kPackets) == 3);
  Expect(table.length(0) == 10 && table.length(1) == kMaxPacket && table.length(2) == 20);
  Expect(rx.counters().dropped_empty.value() == 2 && rx.counters().dropped_oversize.value() == 1);
  Expect(rx.counters().chained.value() == 1);
  rx.Release();
  Expect(peer.ring.ring.LoadTail() == peer.head);
  for (uint32_t i = 0; i + 1 < peer.ring.ring.size(); i++) peer.Put(1, true);
  peer.ring.ring.StoreHead(peer.head);
  Expect(rx.Burst(table, kPackets) == 0 && !pair.s.link()->failed());
  peer.Put(1, true);
  peer.ring.ring.StoreHead(peer.head);
  Expect(rx.Burst(table, kPackets) == 0 && pair.s.link()->failure().reason == "chain without an end");
  Expect(rx.Burst(table, kPackets) == 0);
}

/// A connection that ends between two looks: the packets under way are counted as lost at both ends.
void Lost() {
  const Settings client = OneRing(Role::kClient);
  Settings server = client;
  server.role = Role::kServer;
  const Pair pair(client, server, nullptr);
  const auto c = std::make_shared<LinkSlot>(), s = std::make_shared<LinkSlot>();
  c->Publish(pair.c.link());
  s->Publish(pair.s.link());
  TxQueue tx(c, 0);
  RxQueue rx(s, 0);
  rx.Refresh();
  const Bytes bytes(10);
  for (int i = 0; i < 3; i++) Expect(tx.Append(bytes.data(), 10) == AppendResult::kDone);
  tx.Publish();
  uint32_t columns[3 * kPackets];
  Expect(rx.TryLock() && tx.TryLock());
  Expect(rx.Burst(PacketTable(columns, kPackets), 1) == 1);
  rx.Unlock();
  tx.Unlock();
  Expect(rx.connection() == 1 && tx.connection() == 1);
  s->Publish(nullptr);
  c->Publish(nullptr);
  Expect(rx.TryLock() && tx.TryLock());
  rx.Unlock();
  tx.Unlock();
  Expect(rx.connection() == 0 && tx.connection() == 0);
  Expect(rx.counters().lost.value() == 2 && tx.counters().unconsumed.value() == 2);
}

/// Queues without a connection.
void WithoutConnection() {
  const auto slot = std::make_shared<LinkSlot>();
  RxQueue rx(slot, 0);
  TxQueue tx(slot, 0), to(slot, 1);
  uint32_t columns[3 * kPackets] = {};
  const PacketTable table(columns, kPackets);
  const Bytes bytes(64);
  const uint32_t offset = 0, length = 64;
  const uint8_t mark = 1;
  Retained kept;
  Expect(tx.Reserve(table, 4) == 0 && tx.Commit(&length, 1) == 0 && tx.FreeSlots() == 0);
  Expect(tx.Fill(table, bytes.data(), 64, 3) == 3 && table.length(0) == 0);
  Expect(tx.Append(bytes.data(), 64) == AppendResult::kDown);
  Expect(tx.AppendAll({bytes.data(), &offset, &length, 1}) == 0);
  Expect(tx.Memory(0) == nullptr && tx.memory() == 0 && tx.connection() == 0);
  tx.Publish();
  tx.RingDoorbell();
  Expect(tx.counters().bursts.value() == 0 && tx.counters().doorbells.value() == 0);
  Expect(rx.Burst(table, 4) == 0 && rx.Memory(0) == nullptr && rx.connection() == 0);
  Expect(rx.PassOn(table, {&mark, 1}, 1, to) == 0);
  Expect(rx.Retain(0, &kept) == RetainResult::kScattered && rx.doorbell() == -1);
  Expect(rx.TryLock() && !rx.TryLock() && tx.TryLock() && !tx.TryLock());
  rx.Unlock();
  tx.Unlock();
  Expect(rx.TryLock() && tx.TryLock());
}

/// The server's view of a client's link at the same addresses, where ThreadSanitizer sees both sides.
std::shared_ptr<Link> Mirror(const Link& client) {
  auto server = std::make_shared<Link>();
  server->role = Role::kServer;
  server->regions = client.regions;
  for (const auto& [from, to] : {std::pair(&client.tx, &server->rx), std::pair(&client.rx, &server->tx)}) {
    for (const LinkRing& ring : *from) {
      LinkRing same;
      same.ring = ring.ring;
      same.region = ring.region;
      same.offset = ring.offset;
      same.doorbell.Reset(dup(ring.doorbell.get()));
      to->push_back(std::move(same));
    }
  }
  return server;
}

void Send(const std::shared_ptr<LinkSlot>& slot, uint32_t packets, uint32_t length) {
  TxQueue tx(slot, 0);
  for (uint32_t sent = 0; sent < packets;) {
    const Bytes bytes = MakePacket(sent, length);
    if (tx.Append(bytes.data(), length) == AppendResult::kDone) {
      sent++;
    } else {
      std::this_thread::yield();
    }
    tx.Publish();
  }
}

/// A thread at each end, in both directions in turn.
void Threads(Input& input) {
  Settings client = ClientSettings(input);
  client.log2_ring_size = 2;
  const std::shared_ptr<BufferPool> none;
  Fault fault;
  const std::shared_ptr<Link> ours = BuildClientMemory(client, {1, 1, client.log2_ring_size}, none, &fault);
  Expect(!fault);
  for (LinkRing& rx : ours->rx) rx.ring.StoreHead(static_cast<uint16_t>(rx.ring.size()));
  const auto c = std::make_shared<LinkSlot>(), s = std::make_shared<LinkSlot>();
  c->Publish(ours);
  s->Publish(Mirror(*ours));
  const uint32_t packets = 64, length = 1 + input.Below(client.buffer_size);
  for (const auto& [from, to] : {std::pair(c, s), std::pair(s, c)}) {
    std::thread sender([&from = from, length] { Send(from, packets, length); });
    RxQueue rx(to, 0);
    rx.Refresh();
    uint32_t columns[3 * kPackets];
    const PacketTable table(columns, kPackets);
    for (uint32_t received = 0; received < packets;) {
      const uint32_t count = rx.Burst(table, kPackets);
      for (uint32_t i = 0; i < count; i++, received++) {
        Expect(table.length(i) == length);
        for (uint32_t at = 0; at < length; at++)
          Expect(rx.bytes().data[table.offset(i) + at] == ByteAt(received, at));
      }
      rx.Release();
      if (count == 0) std::this_thread::yield();
    }
    sender.join();
  }
  Expect(!ours->failed());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte();
  if (kind < 16) {
    Threads(input);
  } else if (kind < 20) {
    RefusedByServer(input);
    RefusedByClient();
    Texts(input);
    Truncation(input);
    Unread();
    WithoutConnection();
    Drops();
    Lost();
  } else {
    Exchange(input);
  }
  return 0;
}
