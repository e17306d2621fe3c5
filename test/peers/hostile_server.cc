// A memif server that breaks one rule: hostile_server <socket> <which>. Prints the client's messages, then
// "end".
#include <functional>
#include <map>
#include <vector>

#include "raw_memif.h"

namespace {

using namespace raw;

struct Server {
  explicit Server(const char* path) : control(AcceptOne(path)) {}

  void Hello(uint16_t min = kVersion, uint16_t max = kVersion, uint16_t max_region = 255) {
    memif_msg_t message = MakeMessage(MsgType::kHello);
    PutText(message.hello.name, kNameSize, "hostile");
    message.hello.min_version = min;
    message.hello.max_version = max;
    message.hello.max_region = max_region;
    message.hello.max_log2_ring_size = 14;
    control.Send(message);
  }

  /// Receives the client's messages up to CONNECT, and maps its memory.
  void TakeClient() {
    while (true) {
      memif_msg_t message;
      vpp_punt::UniqueFd fd;
      if (!control.Receive(&message, &fd)) exit(0);
      MsgType type = static_cast<MsgType>(message.type);
      if (type == MsgType::kAddRegion) Map(message.add_region.size, std::move(fd));
      if (type == MsgType::kAddRing) TakeRing(message.add_ring, std::move(fd));
      if (type == MsgType::kConnect) return;
      control.Send(MakeMessage(MsgType::kAck));
    }
  }

  void Establish() {
    Hello();
    TakeClient();
    control.Send(MakeMessage(MsgType::kConnected));
    // The client posts its buffers when it has received CONNECTED.
    while (__atomic_load_n(&m2s->head, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  }

  void Publish(uint16_t tail) {
    __atomic_store_n(&m2s->tail, tail, __ATOMIC_RELEASE);
    eventfd_write(bell.get(), 1);
  }

  void Map(uint64_t size, vpp_punt::UniqueFd fd) {
    void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (data == MAP_FAILED) Die("mmap");
    regions.push_back(static_cast<uint8_t*>(data));
    files.push_back(std::move(fd));
  }

  void TakeRing(const memif_msg_add_ring_t& add, vpp_punt::UniqueFd fd) {
    auto* ring = reinterpret_cast<memif_ring_t*>(regions[add.region] + add.offset);
    if (add.flags & kAddRingFlagS2M) {
      s2m = ring;
      s2m_bell = std::move(fd);
    } else {
      m2s = ring;
      bell = std::move(fd);
    }
  }

  Control control;
  std::vector<uint8_t*> regions;
  std::vector<vpp_punt::UniqueFd> files;
  memif_ring_t* s2m = nullptr;
  memif_ring_t* m2s = nullptr;
  vpp_punt::UniqueFd bell;
  vpp_punt::UniqueFd s2m_bell;
};

/// Sends two good packets, then one with a changed descriptor.
void BadDescriptor(Server& server, const std::function<void(memif_desc_t&)>& change) {
  server.Establish();
  for (int i = 0; i < 3; i++) server.m2s->desc[i].length = 64;
  change(server.m2s->desc[2]);
  server.Publish(3);
}

/// Changes the descriptors of good packets, which are in every slot, while the client reads them.
void FlipDescriptors(Server& server) {
  server.Establish();
  for (uint32_t i = 0; i < kSlots; i++) server.m2s->desc[i].length = 64;
  Flip(server.control, Ring(server.m2s, kLog2),
       [&] { server.Publish(__atomic_load_n(&server.m2s->head, __ATOMIC_ACQUIRE)); });
}

/// Waits for packets that ring a jammed doorbell. Prints their number.
void JamOnSend(Server& server) {
  server.Establish();
  JamDoorbell(server.s2m_bell.get());
  while (__atomic_load_n(&server.s2m->head, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  printf("got %u\n", server.s2m->head);
}

using Scenario = std::function<void(Server&)>;

const std::map<std::string, Scenario> kScenarios = {
    {"version", [](Server& s) { s.Hello(0x0300, 0x0400); }},
    {"one-region", [](Server& s) { s.Hello(kVersion, kVersion, 0); }},
    {"hello-twice", [](Server& s) { s.Hello(), s.Hello(); }},
    {"connected-before-hello", [](Server& s) { s.control.Send(MakeMessage(MsgType::kConnected)); }},
    {"connected-before-connect",
     [](Server& s) { s.Hello(), s.control.Send(MakeMessage(MsgType::kConnected)); }},
    {"ack-before-hello", [](Server& s) { s.control.Send(MakeMessage(MsgType::kAck)); }},
    {"init", [](Server& s) { s.Hello(), s.control.Send(MakeMessage(MsgType::kInit)); }},
    {"refuse",
     [](Server& s) {
       memif_msg_t message = MakeMessage(MsgType::kDisconnect);
       PutText(message.disconnect.string, kDisconnectTextSize, "go\naway\x1b[31m");
       s.Hello(), s.control.Send(message);
     }},
    {"connected-twice", [](Server& s) { s.Establish(), s.control.Send(MakeMessage(MsgType::kConnected)); }},
    {"offset", [](Server& s) { BadDescriptor(s, [](memif_desc_t& d) { d.offset = 0; }); }},
    {"offset-far", [](Server& s) { BadDescriptor(s, [](memif_desc_t& d) { d.offset = 0xfffffff0; }); }},
    {"region", [](Server& s) { BadDescriptor(s, [](memif_desc_t& d) { d.region = 0; }); }},
    {"length", [](Server& s) { BadDescriptor(s, [](memif_desc_t& d) { d.length = kBufferSize + 1; }); }},
    {"tail-jump", [](Server& s) { s.Establish(), s.Publish(40000); }},
    {"endless-chain",
     [](Server& s) {
       s.Establish();
       for (uint32_t i = 0; i < kSlots; i++) s.m2s->desc[i].flags = kDescFlagNext;
       s.Publish(kSlots);
     }},
    {"flip", FlipDescriptors},
    {"jam", JamOnSend},
    {"tail-back",
     [](Server& s) {
       s.Establish();
       __atomic_store_n(&s.s2m->tail, uint16_t{30000}, __ATOMIC_RELEASE);
     }},
    {"truncate",
     [](Server& s) {
       s.Establish();
       // Our regions are sealed: the peer must not be able to.
       for (const auto& file : s.files)
         printf("truncate %s\n", ftruncate(file.get(), 0) < 0 ? "refused" : "done");
     }},
};

}  // namespace

int main(int argc, char** argv) {
  Begin();
  auto found = argc == 3 ? kScenarios.find(argv[2]) : kScenarios.end();
  if (found == kScenarios.end()) return 2;
  Server server(argv[1]);
  found->second(server);
  server.control.ReadToEnd();
  return 0;
}
