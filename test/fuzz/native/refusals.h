// A handshake with one thing wrong in it: it is refused with the reason, and the same handshake without it is
// not.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ends.h"
#include "input.h"
#include "memif/control/client_handshake.h"
#include "memif/control/client_memory.h"
#include "memif/control/server_handshake.h"

namespace fuzz {

using namespace vpp_punt;
using namespace vpp_punt::memif;

/// A message with what goes beside it.
struct Said {
  memif_msg_t message;
  UniqueFd passed;
};

using Sayings = std::vector<Said>;

/// A fault: the message that is changed, how, and the reason that the other side must give.
struct Wrong {
  size_t at;
  std::function<void(Sayings&, size_t at)> change;
  std::string reason;
};

inline UniqueFd OpenFile(const char* path) {
  return UniqueFd(open(path, O_RDONLY | O_CLOEXEC));
}

/// The messages 0 INIT, 1 and 2 ADD_REGION, 3 ADD_RING of S2M, 4 ADD_RING of M2S, 5 CONNECT.
inline std::vector<Wrong> WrongForServer(Input& input) {
  const uint32_t byte = input.Below(kSecretSize - 1);
  const auto set = [](auto&& change) {
    return [change](Sayings& all, size_t at) { change(all[at].message, all[at].passed); };
  };
  using M = memif_msg_t;
  const auto repeat = [](Sayings& all, size_t at) {
    Said copy = {all[at].message, UniqueFd(dup(all[at].passed.get()))};
    all.insert(all.begin() + static_cast<long>(at) + 1, std::move(copy));
  };
  const auto type = [&](uint16_t number) { return set([number](M& m, UniqueFd&) { m.type = number; }); };
  const auto no_fd = set([](M&, UniqueFd& fd) { fd.Reset(); });
  return {
      {0, set([](M& m, UniqueFd&) { m.init.version++; }), "unsupported version"},
      {0, set([](M& m, UniqueFd&) { m.init.version--; }), "unsupported version"},
      {0, set([](M& m, UniqueFd&) { m.init.mode ^= 1; }), "mode mismatch"},
      {0, set([](M& m, UniqueFd&) { m.init.secret[0] = 0; }), "secret required"},
      {0, set([byte](M& m, UniqueFd&) { m.init.secret[byte] ^= 0x80; }), "incorrect secret"},
      {0, set([](M& m, UniqueFd&) { m.init.secret[kSecretSize - 1] = 1; }), "incorrect secret"},
      {0, repeat, "INIT twice"},
      {0, type(4), "message type 4 before INIT"},
      {1, type(2), "unexpected message type 2"},
      {1, type(9), "unexpected message type 9"},
      {1, no_fd, "missing memory region fd"},
      {1, set([](M& m, UniqueFd&) { m.add_region.index++; }), "unexpected region index 1"},
      {2, set([](M& m, UniqueFd&) { m.add_region.index--; }), "unexpected region index 0"},
      {1, set([](M& m, UniqueFd&) { m.add_region.size = 0; }), "region of 0 bytes in a file of"},
      {1, set([](M& m, UniqueFd&) { m.add_region.size++; }), "region of "},
      {1, set([](M&, UniqueFd& fd) { fd = OpenFile("/proc/self/status"); }), "region file is not of tmpfs"},
      {3, no_fd, "missing ring interrupt fd"},
      {3, set([](M&, UniqueFd& fd) { fd = OpenFile("/dev/null"); }), "ring interrupt fd is not an eventfd"},
      {3, set([](M& m, UniqueFd&) { m.add_ring.private_hdr_size = 1; }), "private headers not supported"},
      {3, set([](M& m, UniqueFd&) { m.add_ring.log2_ring_size = 15; }), "ring of 2^15 slots is too large"},
      {3, set([](M& m, UniqueFd&) { m.add_ring.index = 1; }), "unexpected ring index 1"},
      {3, set([](M& m, UniqueFd&) { m.add_ring.flags = 0; }), "unexpected ring index 0"},
      {5, type(9), "unexpected message type 9"},
      {3, set([](M& m, UniqueFd&) { m.add_ring.region = 2; }), "ring 0 S2M in unknown region 2"},
      {4, set([](M& m, UniqueFd&) { m.add_ring.offset += 8; }), "ring 0 M2S is not aligned"},
      {4, set([](M& m, UniqueFd&) { m.add_ring.offset += 16; }), "ring 0 M2S exceeds its region"},
      {3, set([](M& m, UniqueFd&) { m.add_ring.offset += 16; }), "ring 0 S2M has a wrong cookie"},
      {3, [](Sayings& all, size_t at) { all.erase(all.begin() + static_cast<long>(at), all.end() - 1); },
       "no rings"},
      {3,
       [repeat](Sayings& all, size_t at) {
         repeat(all, at);
         all[at + 1].message.add_ring.index = 1;
       },
       "too many rings: 1 S2M configured"},
      {4,
       [repeat](Sayings& all, size_t at) {
         repeat(all, at);
         all[at + 1].message.add_ring.index = 1;
       },
       "too many rings: 1 M2S configured"},
  };
}

inline Settings OneRing(Role role) {
  Settings settings;
  settings.role = role;
  settings.log2_ring_size = 3;
  settings.buffer_size = 64;
  settings.secret = "a secret of 23 bytes...";
  settings.name = "an interface of 31 characters..";
  return settings;
}

/// The messages of our client.
inline Sayings HonestClient(const Settings& settings, const Link& link) {
  Sayings all;
  for (const Outgoing& out : ClientMessages(settings, link, kProgramName))
    all.push_back({out.message, UniqueFd(out.passed < 0 ? -1 : dup(out.passed))});
  return all;
}

/// Says it all to a server of ours; returns the reason against it.
inline std::string SayToServer(Sayings& all) {
  const Settings settings = OneRing(Role::kServer);
  Ends ends;
  ServerHandshake server([&](uint32_t, std::string*) { return &settings; }, nullptr);
  for (Said& said : all) {
    const bool last = static_cast<MsgType>(said.message.type) == MsgType::kConnect;
    const Fault fault = server.OnMessage(said.message, std::move(said.passed), *ends.ours);
    Expect(!fault.ours);
    memif_msg_t answer;
    UniqueFd none;
    const bool answered = ends.theirs->Receive(&answer, &none) == Received::kMessage;
    Expect(answered == (!fault && !last));
    if (answered) Expect(answer.type == static_cast<uint16_t>(MsgType::kAck));
    if (fault) return fault.reason;
  }
  Expect(server.complete());
  for (const auto& region : server.link()->regions) Expect(region->fd() < 0);
  return "";
}

inline void RefusedByServer(Input& input) {
  const std::shared_ptr<BufferPool> none;
  const Settings settings = OneRing(Role::kClient);
  Fault fault;
  const std::shared_ptr<Link> link = BuildClientMemory(settings, {1, 1, 3}, none, &fault);
  Expect(!fault);
  Sayings good = HonestClient(settings, *link);
  Expect(good.size() == 6 && SayToServer(good).empty());
  for (const Wrong& wrong : WrongForServer(input)) {
    Sayings all = HonestClient(settings, *link);
    wrong.change(all, wrong.at);
    Expect(SayToServer(all).rfind(wrong.reason, 0) == 0);
  }
  // A peer's regions have 8 bits of index.
  Sayings many = HonestClient(settings, *link);
  for (uint16_t i = 2; i <= kMaxRegion + 1; i++) {
    Said more = {many[1].message, UniqueFd(dup(many[1].passed.get()))};
    more.message.add_region.index = i;
    many.insert(many.end() - 1, std::move(more));
  }
  Expect(SayToServer(many) == "too many regions");
}

inline memif_msg_t GoodHello() {
  memif_msg_t hello = MakeMessage(MsgType::kHello);
  PutText(hello.hello.name, kNameSize, "a server");
  hello.hello.min_version = hello.hello.max_version = kVersion;
  hello.hello.max_region = 1;
  hello.hello.max_log2_ring_size = 2;
  return hello;
}

/// Says it all to a client of ours; returns the reason against it.
inline std::string SayToClient(const std::vector<memif_msg_t>& all) {
  const Settings settings = OneRing(Role::kClient);
  const std::shared_ptr<BufferPool> none;
  Ends ends;
  ClientHandshake client(settings, nullptr, none);
  Expect(!client.CanDisconnect());
  for (const memif_msg_t& message : all) {
    const Fault fault = client.OnMessage(message, UniqueFd(), *ends.ours);
    Expect(client.CanDisconnect());
    if (fault) return fault.reason;
  }
  if (client.complete()) {
    const Link& link = *client.link();
    Expect(link.peer_name == "a server" && link.peer_interface == "server0");
    Expect(link.rx.size() == 1 && link.tx.size() == 1 && link.rx[0].ring.size() == 4);
    Expect(link.rx[0].ring.LoadHead() == 4 && link.tx[0].ring.LoadHead() == 0);
  }
  return client.complete() ? "complete" : "";
}

inline void RefusedByClient() {
  const memif_msg_t hello = GoodHello();
  const memif_msg_t ack = MakeMessage(MsgType::kAck);
  memif_msg_t connected = MakeMessage(MsgType::kConnected);
  PutText(connected.connected.if_name, kNameSize, "server0");
  // INIT follows HELLO, and each ACK brings one of the other five.
  Expect(SayToClient({hello, ack, ack, ack, ack, ack, connected}) == "complete");
  Expect(SayToClient({hello, ack, ack, ack, ack, connected}) == "CONNECTED before CONNECT");
  Expect(SayToClient({hello, hello}) == "HELLO twice");
  Expect(SayToClient({ack}) == "ACK before HELLO");
  Expect(SayToClient({connected}) == "CONNECTED before HELLO");
  Expect(SayToClient({MakeMessage(MsgType::kInit)}) == "unexpected message type 3");
  for (const int change : {-1, 1}) {
    memif_msg_t wider = hello, other = hello;
    (change < 0 ? wider.hello.min_version : wider.hello.max_version) += change;
    Expect(SayToClient({wider}).empty());
    (change < 0 ? other.hello.max_version : other.hello.min_version) += change;
    Expect(SayToClient({other}) == "incompatible protocol version");
  }
  memif_msg_t small = hello;
  small.hello.max_region = 0;
  Expect(SayToClient({small}) == "two regions are needed");
}

/// A peer that does not read its socket, a peer that is gone, and unexpected messages.
inline void Unread() {
  const Settings settings = OneRing(Role::kServer);
  Ends ends;
  memif_msg_t init = MakeMessage(MsgType::kInit), got;
  init.init.version = kVersion;
  PutText(init.init.secret, kSecretSize, settings.secret);
  while (ends.ours->SendDisconnect("enough")) continue;
  ServerHandshake server([&](uint32_t, std::string*) { return &settings; }, nullptr);
  Expect(server.OnMessage(init, {}, *ends.ours).reason == "peer does not read its control socket");
  Expect(server.Confirm(*ends.ours).reason == "peer does not read its control socket");
  UniqueFd passed;
  Expect(ends.theirs->Receive(&got, &passed) == Received::kMessage);
  Expect(GetText(got.disconnect.string, kDisconnectTextSize) == "enough");
  ends.theirs->Discard();
  Expect(ends.theirs->Receive(&got, &passed) == Received::kNothing);
  // Its last message is still there after the reset that unread messages cause.
  Expect(ends.ours->SendAck() && ends.theirs->SendDisconnect("the end"));
  ends.theirs.reset();
  Expect(!ends.ours->SendAck());
  Expect(ends.ours->Receive(&got, &passed) == Received::kMessage);
  Expect(GetText(got.disconnect.string, kDisconnectTextSize) == "the end");
  Expect(ends.ours->Receive(&got, &passed) == Received::kClosed);
  ends.ours->Discard();
}

/// Text in a field of `size` bytes.
inline void Texts(Input& input) {
  uint8_t field[40];
  for (size_t size = 1; size <= 33; size++) {
    std::string text(input.Below(40), ' ');
    for (char& letter : text) letter = static_cast<char>(input.Byte() | 1);
    memset(field, 0x55, sizeof field);
    PutText(field, size, text);
    const std::string cut = text.substr(0, size - 1);
    Expect(memcmp(field, cut.data(), cut.size()) == 0 && field[size] == 0x55);
    for (size_t i = cut.size(); i < size; i++) Expect(field[i] == 0);
    std::string shown = cut;
    for (char& letter : shown) letter = letter < 32 || letter > 126 ? '?' : letter;
    Expect(GetText(field, size) == shown);
    memset(field, 'x', sizeof field);
    Expect(GetText(field, size) == std::string(size, 'x'));
  }
}

/// A region whose file a peer truncates reads as zeros from then on, and the others stay.
inline void Truncation(Input& input) {
  const auto page = static_cast<uint64_t>(getpagesize());
  std::vector<std::shared_ptr<Region>> regions;
  std::vector<UniqueFd> files;
  for (int i = 0; i < 3; i++) {
    UniqueFd file(memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    Expect(ftruncate(file.get(), static_cast<off_t>(3 * page)) == 0);
    Fault fault;
    files.emplace_back(dup(file.get()));
    regions.push_back(Region::Map(std::move(file), 3 * page - (i == 0 ? 100 : 0), &fault));
    Expect(!fault && !regions.back()->sealed() && !regions.back()->truncated());
    memset(regions.back()->data(), 7, page * 2 + 1);
  }
  const uint32_t one = input.Below(3);
  Link link;
  link.regions = regions;
  int failures = 0;
  link.on_failure = [&] { failures++; };
  Expect(link.CheckMemory());
  Expect(ftruncate(files[one].get(), static_cast<off_t>(page)) == 0);
  Expect(*static_cast<volatile uint8_t*>(regions[one]->data() + 2 * page) == 0);
  Expect(regions[one]->data()[2 * page + 99] == 0);
  for (uint32_t i = 0; i < 3; i++) Expect(regions[i]->truncated() == (i == one));
  for (uint32_t i = 0; i < 3; i++) Expect(i == one || regions[i]->data()[2 * page] == 7);
  Expect(failures == 0 && !link.CheckMemory() && !link.CheckMemory());
  Expect(failures == 1 && link.failure().reason == "memory region truncated");
  link.Fail("another reason");
  Expect(failures == 1 && link.failure().reason == "memory region truncated");
  Fault fault;
  UniqueFd sealed(dup(Region::Create(page)->fd()));
  Expect(Region::Map(std::move(sealed), page, &fault)->sealed());
}

}  // namespace fuzz
