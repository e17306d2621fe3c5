// A memif peer that lies: any control messages with any files, then any bytes in shared memory while our
// queues read and write. Every packet that we hand out must lie inside the memory that it names.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "descriptors.h"
#include "ends.h"
#include "input.h"
#include "lies.h"
#include "memif/control/client_handshake.h"
#include "memif/control/server_handshake.h"
#include "memif/port/rx_queue.h"
#include "memif/port/tx_queue.h"

namespace {

using namespace vpp_punt;
using namespace vpp_punt::memif;
using namespace fuzz;

constexpr uint32_t kPackets = 64;

/// Settings with a few queues on a small ring.
Settings MakeSettings(Input& input, Role role) {
  Settings settings;
  settings.role = role;
  settings.rx_queues = static_cast<uint16_t>(1 + input.Below(2));
  settings.tx_queues = static_cast<uint16_t>(1 + input.Below(2));
  settings.log2_ring_size = static_cast<uint8_t>(5 + input.Below(2));
  settings.buffer_size = 256;
  settings.spare_buffers = input.Below(8);
  if (input.Rarely()) settings.secret = "secret";
  settings.name = "fuzz";
  return settings;
}

/// Queues over a connection, and what their handler holds.
class Queues {
 public:
  explicit Queues(const std::shared_ptr<Link>& link)
      : link_(link), slot_(std::make_shared<LinkSlot>()), rx_(slot_, 0), tx_(slot_, 0) {
    slot_->Publish(link);
    rx_.SetScratch({scratch_.data(), static_cast<uint32_t>(scratch_.size()), false});
  }

  void Act(Input& input) {
    switch (input.Below(10)) {
      case 0:
      case 1:
        return Receive(input);
      case 2:
        return rx_.Release();
      case 3:
        return Retain(input);
      case 4:
        return GiveBack();
      case 5:
        return Append(input);
      case 6:
        return Fill(input);
      case 7:
        tx_.Publish();
        return tx_.RingDoorbell();
      case 8:
        rx_.SetMaskInt(input.Byte() & 1);
        return rx_.DrainDoorbell();
      default:
        rx_.SetScratch({scratch_.data(), static_cast<uint32_t>(scratch_.size()), (input.Byte() & 1) != 0});
    }
  }

 private:
  void Receive(Input& input) {
    rx_.Release();
    count_ = rx_.Burst(table_, 1 + input.Below(kPackets));
    for (uint32_t i = 0; i < count_; i++) Look(table_.offset(i), table_.length(i));
  }

  /// Reads a packet as a handler does.
  void Look(uint32_t offset, uint32_t length) {
    Expect(length > 0 && length <= kMaxPacket);
    const bool copied = rx_.memory() == kScratchMemory;
    const std::shared_ptr<Region> region = copied ? nullptr : rx_.Memory(rx_.memory());
    Expect(copied || region != nullptr);
    const uint64_t size = copied ? scratch_.size() : region->size();
    Expect(uint64_t{offset} + length <= size);
    const uint8_t* data = (copied ? scratch_.data() : region->data()) + offset;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++) sum = static_cast<uint8_t>(sum + data[i]);
    seen_ = sum;
  }

  void Retain(Input& input) {
    if (count_ == 0) return;
    Retained retained;
    if (rx_.Retain(input.Below(count_), &retained) == RetainResult::kDone) retained_.push_back(retained);
  }

  void GiveBack() {
    if (retained_.empty()) return;
    rx_.GiveBack(retained_.back().token);
    retained_.pop_back();
  }

  void Append(Input& input) {
    const uint8_t bytes[2048] = {1};
    tx_.Append(bytes, 1 + input.Below(sizeof bytes));
  }

  void Fill(Input& input) {
    const uint32_t count = tx_.Reserve(table_out_, 1 + input.Below(kPackets));
    const std::shared_ptr<Region> region = tx_.Memory(tx_.memory());
    std::vector<uint32_t> lengths;
    for (uint32_t i = 0; i < count; i++) {
      Expect(region != nullptr);
      Expect(uint64_t{table_out_.offset(i)} + table_out_.length(i) <= region->size());
      region->data()[table_out_.offset(i)] = 1;
      lengths.push_back(input.Rarely() ? input.Word() : 1);
    }
    tx_.Commit(lengths.data(), count);
  }

  std::shared_ptr<Link> link_;
  std::shared_ptr<LinkSlot> slot_;
  RxQueue rx_;
  TxQueue tx_;
  std::vector<uint8_t> scratch_ = std::vector<uint8_t>(kMaxPacket + 1000);
  uint32_t columns_[3 * kPackets] = {};
  uint32_t columns_out_[3 * kPackets] = {};
  PacketTable table_{columns_, kPackets};
  PacketTable table_out_{columns_out_, kPackets};
  uint32_t count_ = 0;
  std::vector<Retained> retained_;
  volatile uint8_t seen_ = 0;
};

void Exchange(Input& input, const std::shared_ptr<Link>& link, PeerMemories& memories) {
  Queues queues(link);
  // Without lies of its own turn: a truncated file would kill the scribbler, not our side.
  if (input.Rarely()) {
    const Scribbler scribbler(*link, memories, input.Word());
    for (int i = 0; i < 400; i++) queues.Act(input);
    return;
  }
  for (int i = 0; i < 400 && !input.empty(); i++) {
    if (input.Byte() & 1) Lie(input, *link, memories);
    queues.Act(input);
  }
}

/// A file for ADD_REGION: mostly good, with rings that have their cookie.
UniqueFd RegionFile(Input& input, PeerMemories& memories) {
  if (input.Rarely()) return UniqueFd(input.Byte() & 1 ? eventfd(0, EFD_CLOEXEC) : -1);
  UniqueFd file(memfd_create("fuzz", MFD_CLOEXEC));
  const uint64_t size = input.Rarely() ? input.Below(kPeerBytes) : kPeerBytes;
  Expect(ftruncate(file.get(), static_cast<off_t>(size)) == 0);
  if (size == 0) return file;
  memories.push_back(std::make_unique<PeerMemory>(file.get(), size));
  for (uint64_t at = 0; at + sizeof(kCookie) <= size; at += 4096)
    memcpy(memories.back()->data + at, &kCookie, sizeof kCookie);
  return file;
}

/// Any bytes over a message, now and then.
void Corrupt(Input& input, memif_msg_t* message) {
  if (!input.Rarely()) return;
  auto* bytes = reinterpret_cast<uint8_t*>(message);
  for (uint32_t i = 1 + input.Below(4); i > 0; i--) bytes[input.Below(24)] = input.Byte();
}

void AsServer(Input& input) {
  const Settings settings = MakeSettings(input, Role::kServer);
  Ends ends;
  PeerMemories memories;
  ServerHandshake handshake([&](uint32_t, std::string*) { return &settings; }, nullptr);
  uint16_t s2m = 0, m2s = 0, regions = 0;
  const MsgType order[] = {MsgType::kInit,    MsgType::kAddRegion, MsgType::kAddRegion, MsgType::kAddRing,
                           MsgType::kAddRing, MsgType::kAddRing,   MsgType::kAddRing,   MsgType::kConnect};
  for (const MsgType usual : order) {
    const MsgType type = input.Rarely() ? static_cast<MsgType>(input.Below(12)) : usual;
    memif_msg_t message = MakeMessage(type);
    UniqueFd passed;
    if (type == MsgType::kInit) {
      message.init.version = kVersion;
      PutText(message.init.secret, kSecretSize, settings.secret);
    } else if (type == MsgType::kAddRegion) {
      passed = RegionFile(input, memories);
      message.add_region = {regions++, input.Rarely() ? input.Long() : kPeerBytes};
    } else if (type == MsgType::kAddRing) {
      const bool to_us = s2m < settings.rx_queues;
      if (!to_us && m2s == settings.tx_queues) continue;
      const uint32_t place = 4096u * (s2m + 2u * m2s);
      message.add_ring = {
          static_cast<uint16_t>(to_us ? 1 : 0), to_us ? s2m++ : m2s++, 0, place, settings.log2_ring_size, 0};
      passed.Reset(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    }
    Corrupt(input, &message);
    if (handshake.OnMessage(message, std::move(passed), *ends.ours)) return;
    ends.theirs->Discard();
  }
  if (handshake.complete()) Exchange(input, handshake.link(), memories);
}

void AsClient(Input& input) {
  const Settings settings = MakeSettings(input, Role::kClient);
  Ends ends;
  const std::shared_ptr<BufferPool> none;
  ClientHandshake handshake(settings, nullptr, none);
  memif_msg_t hello = MakeMessage(MsgType::kHello);
  hello.hello.min_version = hello.hello.max_version = kVersion;
  hello.hello.max_region = kMaxRegion;
  hello.hello.max_s2m_ring = hello.hello.max_m2s_ring = static_cast<uint16_t>(input.Below(3));
  hello.hello.max_log2_ring_size = kMaxLog2RingSize;
  Corrupt(input, &hello);
  if (handshake.OnMessage(hello, {}, *ends.ours)) return;
  PeerMemories memories;
  for (int i = 0; i < 16 && !handshake.complete(); i++) {
    memif_msg_t got;
    UniqueFd passed;
    const bool any = ends.theirs->Receive(&got, &passed) == Received::kMessage;
    if (any && static_cast<MsgType>(got.type) == MsgType::kAddRegion)
      memories.push_back(std::make_unique<PeerMemory>(passed.get(), uint64_t{got.add_region.size}));
    const bool last = any && static_cast<MsgType>(got.type) == MsgType::kConnect;
    memif_msg_t answer = MakeMessage(last ? MsgType::kConnected : MsgType::kAck);
    Corrupt(input, &answer);
    if (handshake.OnMessage(answer, {}, *ends.ours)) return;
  }
  if (handshake.complete()) Exchange(input, handshake.link(), memories);
}

/// Any bytes with any descriptors beside them, in one control message or two.
void SendRaw(Input& input, int fd, std::vector<uint8_t>* bytes, size_t* count) {
  *count = input.Below(17);
  bytes->resize(input.Rarely() ? input.Below(300) : sizeof(memif_msg_t));
  const memif_msg_t usual = MakeMessage(static_cast<MsgType>(1 + input.Below(8)));
  if (!bytes->empty()) memcpy(bytes->data(), &usual, std::min(bytes->size(), sizeof usual));
  for (uint32_t i = input.Below(8); i > 0 && !bytes->empty(); i--)
    (*bytes)[input.Below(static_cast<uint32_t>(bytes->size()))] = input.Byte();
  const std::vector<int> fds(*count, fd);
  iovec part = {bytes->data(), bytes->size()};
  alignas(cmsghdr) char control[2 * CMSG_SPACE(16 * sizeof(int))] = {};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  const size_t first = *count == 0 ? 0 : 1 + input.Below(static_cast<uint32_t>(*count));
  size_t used = 0;
  for (const size_t some : {first, *count - first}) {
    if (some == 0) continue;
    auto* rights = reinterpret_cast<cmsghdr*>(control + used);
    *rights = {CMSG_LEN(some * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(rights), fds.data(), some * sizeof(int));
    used += CMSG_SPACE(some * sizeof(int));
  }
  header.msg_controllen = used;
  Expect(sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(bytes->size()));
}

/// Receives it, looks at the result, and gives a message to a handshake.
void ReceiveRaw(Input& input, Handshake& handshake, Ends& ends) {
  std::vector<uint8_t> bytes;
  size_t count = 0;
  SendRaw(input, ends.theirs->fd(), &bytes, &count);
  memif_msg_t message;
  UniqueFd passed;
  const Received got = ends.ours->Receive(&message, &passed);
  if (bytes.empty()) {
    Expect(got == Received::kClosed);
  } else {
    Expect(got == (bytes.size() == sizeof message ? Received::kMessage : Received::kMalformed));
    Expect(static_cast<bool>(passed) == (count > 0));
    Expect(memcmp(&message, bytes.data(), std::min(bytes.size(), sizeof message)) == 0);
  }
  if (passed) Expect((fcntl(passed.get(), F_GETFD) & FD_CLOEXEC) != 0);
  if (got == Received::kMessage) (void)handshake.OnMessage(message, std::move(passed), *ends.ours);
  ends.theirs->Discard();
}

void AsStranger(Input& input) {
  const Settings settings = MakeSettings(input, input.Byte() & 1 ? Role::kServer : Role::kClient);
  Ends ends;
  const std::shared_ptr<BufferPool> none;
  ServerHandshake server([&](uint32_t, std::string*) { return &settings; }, nullptr);
  ClientHandshake client(settings, nullptr, none);
  const bool is_server = settings.role == Role::kServer;
  for (int i = 0; i < 20 && !input.empty(); i++)
    ReceiveRaw(input, is_server ? static_cast<Handshake&>(server) : client, ends);
}

/// Opens the descriptors that a process has for all of its connections.
void OpenForAll() {
  Ringer ringer;
  UniqueFd doorbell(eventfd(0, EFD_CLOEXEC));
  Expect(ringer.Open(doorbell.get()) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::once_flag opened;
  std::call_once(opened, OpenForAll);
  const size_t before = OpenDescriptors();
  Input input(data, size);
  switch (input.Byte() & 3) {
    case 0:
      AsClient(input);
      break;
    case 2:
      AsStranger(input);
      break;
    default:
      AsServer(input);
  }
  Expect(OpenDescriptors() == before);
  return 0;
}
