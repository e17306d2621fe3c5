// A memif client that breaks one rule: hostile_client <socket> <which>. Prints the server's answers, then
// "end".
#include <fcntl.h>
#include <sys/timerfd.h>
#include <termios.h>

#include <chrono>
#include <functional>
#include <map>

#include "raw_memif.h"

namespace {

using namespace raw;

struct Client {
  explicit Client(const char* path) : socket(path), control(ConnectTo(path)), memory(kRegionSize) {
    control.Await(MsgType::kHello);
    for (uint32_t offset : {0u, kM2S}) memory.ring(offset)->cookie = kCookie;
    bell = doorbell = eventfd(0, EFD_NONBLOCK);
  }

  void Init(uint32_t id = 0, uint8_t mode = 0, const char* secret = "") {
    memif_msg_t message = MakeMessage(MsgType::kInit);
    message.init.version = kVersion;
    message.init.id = id;
    message.init.mode = mode;
    PutText(message.init.secret, kSecretSize, secret);
    PutText(message.init.name, kNameSize, "hostile");
    control.Send(message);
  }

  void AddRegion(uint16_t index = 0, uint64_t size = kRegionSize, bool with_fd = true) {
    memif_msg_t message = MakeMessage(MsgType::kAddRegion);
    message.add_region = {index, size};
    control.Send(message, with_fd ? memory.fd : -1);
  }

  void AddRing(memif_msg_add_ring_t add, bool with_fd = true) {
    memif_msg_t message = MakeMessage(MsgType::kAddRing);
    message.add_ring = add;
    control.Send(message, with_fd ? doorbell : -1);
  }

  void AddRings() {
    AddRing({kAddRingFlagS2M, 0, 0, 0, kLog2, 0});
    AddRing({0, 0, 0, kM2S, kLog2, 0});
  }

  void Connect() { control.Send(MakeMessage(MsgType::kConnect)); }

  void Establish() {
    Init();
    AddRegion();
    AddRings();
    Connect();
    control.Await(MsgType::kConnected);
  }

  /// Puts a descriptor into the next slot of the S2M ring.
  void Put(memif_desc_t desc) { ring()->desc[next++ & (kSlots - 1)] = desc; }
  /// Good packets of that many bytes, to go before or after a bad one.
  void PutGood(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) Put({0, 0, 64, kBuffers, 0});
  }
  void Publish() {
    __atomic_store_n(&ring()->head, next, __ATOMIC_RELEASE);
    eventfd_write(bell, 1);
  }
  /// The same with buffers posted for the server to fill.
  void Post(memif_desc_t desc) {
    memif_ring_t* m2s = memory.ring(kM2S);
    m2s->desc[0] = desc;
    __atomic_store_n(&m2s->head, uint16_t{1}, __ATOMIC_RELEASE);
  }
  memif_ring_t* ring() { return memory.ring(0); }

  std::string socket;
  Control control;
  Memory memory;
  int bell;
  int doorbell;  // passed to the server; the bell, unless the scenario passes another descriptor
  uint16_t next = 0;
};

void BadDescriptor(Client& client, memif_desc_t desc) {
  client.Establish();
  client.PutGood(3);
  client.Put(desc);
  client.PutGood(3);
  client.Publish();
}

/// Waits for a byte on stdin, by which the test says when.
void AwaitTest() {
  char byte;
  if (read(0, &byte, 1) < 0) Die("stdin");
}

/// Truncates its region while the server's handler reads it. A file beside the socket reports that.
void TruncateOnCommand(Client& client) {
  client.Establish();
  client.PutGood(8);
  client.Publish();
  AwaitTest();
  if (ftruncate(client.memory.fd, 0) < 0) Die("ftruncate");
  close(open((client.socket + ".done").c_str(), O_CREAT | O_WRONLY, 0600));
}

/// Publishes packets as a sender without a fence may: it has read the flag that forbids a ring, and its
/// packet becomes visible a moment after the server has asked for rings again. Prints how many the server
/// takes until it leaves one. Those for which this thread lost its core do not count.
void PublishLate(Client& client) {
  client.Establish();
  const auto flags = [&] { return __atomic_load_n(&client.ring()->flags, __ATOMIC_ACQUIRE); };
  const auto taken = [&] { return __atomic_load_n(&client.ring()->tail, __ATOMIC_ACQUIRE) == client.next; };
  int late = 0, found = 0;
  while (late < 100 && found == late) {
    client.PutGood(64);  // enough for the server to poll
    client.Publish();
    Clock::time_point forbidden;
    const auto allowed = [&] {
      const Clock::time_point now = Clock::now();
      if (flags() != 0) forbidden = now;
      return flags() == 0;
    };
    if (Soon([&] { return flags() == kRingFlagMaskInt; }) && !allowed() && Soon(allowed)) {
      client.PutGood(1);
      __atomic_store_n(&client.ring()->head, client.next, __ATOMIC_RELEASE);
      if (Clock::now() - forbidden < std::chrono::microseconds(15)) {
        late++;
        found += Soon(taken, 5000);  // so long, since the server may have to share its core
      }
    }
    eventfd_write(client.bell, 1);
    while (!taken()) usleep(1000);
  }
  printf("taken %d of %d\n", found, late);
}

/// Changes good descriptors, which are in every slot, while the server reads them.
void FlipDescriptors(Client& client) {
  client.Establish();
  client.PutGood(kSlots);
  Flip(client.control, Ring(client.ring(), kLog2), [&] {
    client.next = static_cast<uint16_t>(__atomic_load_n(&client.ring()->tail, __ATOMIC_ACQUIRE) + kSlots);
    client.Publish();
  });
}

/// Posts a buffer longer than 16 bits count, and prints the bytes that come.
void PostLong(Client& client) {
  client.Establish();
  client.Post({0, 0, 65536, kBuffers, 0});
  memif_ring_t* ring = client.memory.ring(kM2S);
  while (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  printf("filled %u of %u\n", client.memory.data[kBuffers], ring->desc[0].length);
}

/// Truncates its region before the server has read anything from it, and rings.
void TruncateUnread(Client& client) {
  client.Establish();
  AwaitTest();
  if (ftruncate(client.memory.fd, 0) < 0) Die("ftruncate");
  eventfd_write(client.bell, 1);
}

/// Posts buffers for packets that ring a jammed doorbell. Prints the number of packets that come.
void JamOnSend(Client& client) {
  client.Establish();
  JamDoorbell(client.bell);
  client.Post({0, 0, 2048, kBuffers, 0});
  memif_ring_t* ring = client.memory.ring(kM2S);
  while (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  printf("got %u\n", ring->tail);
}

/// Overfills the counter of the doorbell, which then has POLLERR, and sends a packet; then a second one when
/// the first has been taken.
void OverfillDoorbell(Client& client) {
  client.Establish();
  AwaitTest();
  client.PutGood(1);
  __atomic_store_n(&client.ring()->head, client.next, __ATOMIC_RELEASE);
  if (eventfd_write(client.bell, UINT64_MAX - 1) < 0) Die("eventfd");
  vpp_punt::memif::Ringer ringer;
  if (ringer.Open(client.bell) != 0) Die("io_setup");
  for (int i = 0; i < 2; i++) ringer.Ring();
  while (__atomic_load_n(&client.ring()->tail, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  client.PutGood(1);
  client.Publish();
}

/// Passes another descriptor for a doorbell.
void WrongDoorbell(Client& client, int doorbell) {
  client.doorbell = doorbell;
  client.Init(), client.AddRegion(), client.AddRings();
}

int PipeEnd() {
  int ends[2];
  if (pipe(ends) < 0) Die("pipe");
  return ends[1];
}

/// Its read() waits for 255 bytes.
int SlowTerminal() {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  termios settings = {};
  if (terminal < 0 || tcgetattr(terminal, &settings) < 0) Die("pty");
  cfmakeraw(&settings);
  settings.c_cc[VMIN] = settings.c_cc[VTIME] = 255;
  tcsetattr(terminal, TCSANOW, &settings);
  return terminal;
}

/// Offers a file on disk as its memory.
void RegionOnDisk(Client& client) {
  client.memory.fd = open(".", O_TMPFILE | O_RDWR, 0600);
  if (client.memory.fd < 0 || ftruncate(client.memory.fd, kRegionSize) < 0) Die("O_TMPFILE");
  client.Init(), client.AddRegion();
}

/// Offers one page less than a huge page, of a huge page that is not there any more when the server reads it.
void HugeRegion(Client& client) {
  const int fd = memfd_create("hostile", MFD_HUGETLB);
  constexpr off_t kHuge = 2 << 20;
  if (fd < 0 || ftruncate(fd, 2 * kHuge) < 0) Die("hugetlb");
  void* data = mmap(nullptr, 2 * kHuge, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) Die("mmap");
  client.memory.fd = fd;
  client.memory.data = static_cast<uint8_t*>(data);
  for (uint32_t offset : {0u, kM2S}) client.memory.ring(offset)->cookie = kCookie;
  client.Init(), client.AddRegion(0, kHuge + 4096), client.AddRings(), client.Connect();
  client.control.Await(MsgType::kConnected);
  AwaitTest();
  munmap(data, 2 * kHuge);
  if (ftruncate(fd, 0) < 0) Die("ftruncate");
  eventfd_write(client.bell, 1);
}

using Scenario = std::function<void(Client&)>;

const std::map<std::string, Scenario> kControl = {
    {"ring-before-init", [](Client& c) { c.AddRings(); }},
    {"region-before-init", [](Client& c) { c.AddRegion(); }},
    {"connect-before-init", [](Client& c) { c.Connect(); }},
    {"disconnect-before-init", [](Client& c) { c.control.Send(MakeMessage(MsgType::kDisconnect)); }},
    {"unknown-type", [](Client& c) { c.Init(), c.control.Send(MakeMessage(static_cast<MsgType>(99))); }},
    {"hello", [](Client& c) { c.Init(), c.control.Send(MakeMessage(MsgType::kHello)); }},
    {"init-twice", [](Client& c) { c.Init(), c.Init(); }},
    {"unknown-id", [](Client& c) { c.Init(77); }},
    {"unknown-mode", [](Client& c) { c.Init(0, 7); }},
    {"wrong-secret", [](Client& c) { c.Init(0, 0, "guess"); }},
    {"no-secret", [](Client& c) { c.Init(0, 0); }},
    {"version",
     [](Client& c) {
       memif_msg_t message = MakeMessage(MsgType::kInit);
       message.init.version = 0x0300;
       c.control.Send(message);
     }},
    {"region-index", [](Client& c) { c.Init(), c.AddRegion(250); }},
    {"region-without-fd", [](Client& c) { c.Init(), c.AddRegion(0, kRegionSize, false); }},
    {"region-larger-than-file", [](Client& c) { c.Init(), c.AddRegion(0, kRegionSize + 4096); }},
    {"region-huge", [](Client& c) { c.Init(), c.AddRegion(0, UINT64_MAX); }},
    {"region-empty", [](Client& c) { c.Init(), c.AddRegion(0, 0); }},
    {"ring-without-fd",
     [](Client& c) {
       c.Init(), c.AddRegion(), c.AddRing({1, 0, 0, 0, kLog2, 0}, false);
     }},
    {"ring-offset",
     [](Client& c) {
       c.Init(), c.AddRegion(), c.AddRing({1, 0, 0, static_cast<uint32_t>(kRegionSize - 64), kLog2, 0}),
           c.Connect();
     }},
    {"ring-unaligned",
     [](Client& c) {
       c.Init(), c.AddRegion(), c.AddRing({1, 0, 0, 7, kLog2, 0}), c.Connect();
     }},
    {"ring-region",
     [](Client& c) {
       c.Init(), c.AddRegion(), c.AddRing({1, 0, 9, 0, kLog2, 0}), c.Connect();
     }},
    {"ring-size",
     [](Client& c) {
       c.Init(), c.AddRegion(), c.AddRing({1, 0, 0, 0, 200, 0});
     }},
    {"ring-private-header",
     [](Client& c) {
       c.Init(), c.AddRegion(), c.AddRing({1, 0, 0, 0, kLog2, 64});
     }},
    {"ring-cookie",
     [](Client& c) { c.ring()->cookie = 1, c.Init(), c.AddRegion(), c.AddRings(), c.Connect(); }},
    {"same-ring-300-times",
     [](Client& c) {
       c.Init(), c.AddRegion();
       for (int i = 0; i < 300; i++) c.AddRing({1, 0, 0, 0, kLog2, 0});
     }},
    {"too-many-rings",
     [](Client& c) {
       c.Init(), c.AddRegion();
       for (uint16_t i = 0; i < 300; i++) c.AddRing({1, i, 0, 0, kLog2, 0});
     }},
    {"many-regions",
     [](Client& c) {
       c.Init();
       for (uint16_t i = 0; i < 255; i++) c.AddRegion(i);
       c.AddRings(), c.Connect();
     }},
    {"no-rings", [](Client& c) { c.Init(), c.AddRegion(), c.Connect(); }},
    {"connect-twice", [](Client& c) { c.Establish(), c.Connect(); }},
    {"region-while-connected", [](Client& c) { c.Establish(), c.AddRegion(1); }},
    {"doorbell-pipe", [](Client& c) { WrongDoorbell(c, PipeEnd()); }},
    {"doorbell-terminal", [](Client& c) { WrongDoorbell(c, SlowTerminal()); }},
    {"doorbell-timer", [](Client& c) { WrongDoorbell(c, timerfd_create(CLOCK_MONOTONIC, 0)); }},
    {"doorbell-socket", [](Client& c) { WrongDoorbell(c, socket(AF_UNIX, SOCK_DGRAM, 0)); }},
    {"doorbell-semaphore", [](Client& c) { WrongDoorbell(c, eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE)); }},
    {"doorbell-memory", [](Client& c) { WrongDoorbell(c, c.memory.fd); }},
    {"region-on-disk", RegionOnDisk},
    {"silence", [](Client&) {}},
};

const std::map<std::string, Scenario> kData = {
    {"offset",
     [](Client& c) {
       BadDescriptor(c, {0, 0, 64, 0xfffffff0, 0});
     }},
    {"just-past-region",
     [](Client& c) {
       BadDescriptor(c, {0, 0, 65, static_cast<uint32_t>(kRegionSize - 64), 0});
     }},
    {"region",
     [](Client& c) {
       BadDescriptor(c, {0, 40, 64, 0, 0});
     }},
    {"length",
     [](Client& c) {
       BadDescriptor(c, {0, 0, 0xffffffff, kBuffers, 0});
     }},
    {"head-jump",
     [](Client& c) {
       c.Establish();
       c.next = 40000;
       c.Publish();
     }},
    {"endless-chain",
     [](Client& c) {
       c.Establish();
       for (uint32_t i = 0; i < kSlots; i++) c.Put({kDescFlagNext, 0, 64, kBuffers, 0});
       c.Publish();
     }},
    {"empty-packets",
     [](Client& c) {
       c.Establish(), c.Put({0, 0, 0, kBuffers, 0}), c.PutGood(1), c.Publish();
     }},
    {"oversize-chain",
     [](Client& c) {
       c.Establish();
       for (uint32_t i = 0; i < 40; i++) {
         c.Put({static_cast<uint16_t>(i < 39 ? kDescFlagNext : 0), 0, 2048, kBuffers + i % 2 * 4096, 0});
       }
       c.PutGood(1), c.Publish();
     }},
    {"posted-buffer",
     [](Client& c) {
       c.Establish(), c.Post({0, 0, 2048, static_cast<uint32_t>(kRegionSize - 8), 0});
     }},
    {"posted-region",
     [](Client& c) {
       c.Establish(), c.Post({0, 77, 2048, 0, 0});
     }},
    {"posted-head", [](Client& c) { c.Establish(), c.memory.ring(kM2S)->head = 5000; }},
    {"posted-long", PostLong},
    {"flip", FlipDescriptors},
    {"late", [](Client& c) { PublishLate(c), exit(0); }},
    {"truncate", TruncateOnCommand},
    {"truncate-unread", TruncateUnread},
    {"huge-region", HugeRegion},
    {"jam", JamOnSend},
    {"overfill", OverfillDoorbell},
    {"good", [](Client& c) { c.Establish(), c.PutGood(10), c.Publish(), AwaitTest(); }},
};

}  // namespace

int main(int argc, char** argv) {
  Begin();
  if (argc != 3) return 2;
  for (const auto* scenarios : {&kControl, &kData}) {
    auto found = scenarios->find(argv[2]);
    if (found == scenarios->end()) continue;
    Client client(argv[1]);
    found->second(client);
    client.control.ReadToEnd();
    return 0;
  }
  fprintf(stderr, "no scenario %s\n", argv[2]);
  return 2;
}
