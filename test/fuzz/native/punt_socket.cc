// A punt socket against a model queue: datagrams of any length and content, read by the JavaScript thread's
// calls and the drain thread's in any order. Each packet comes out once, in order and whole.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "input.h"
#include "punt_socket/drain_thread.h"
#include "punt_socket/moderation.h"
#include "punt_socket/receiver.h"
#include "slabs.h"

namespace {

using namespace vpp_punt;
using namespace vpp_punt::punt_socket;
using namespace fuzz;

/// A receiver over a socket pair.
struct Socket {
  Socket(uint32_t batch, size_t max_packet) : receiver(Options(batch, max_packet)) {
    int ends[2];
    Expect(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    peer.Reset(ends[0]);
    Expect(!receiver.Open(UniqueFd(ends[1])));
  }

  static ReceiverOptions Options(uint32_t batch, size_t max_packet) {
    ReceiverOptions options = {};
    options.batch = batch;
    options.max_packet = max_packet;
    options.ring_slabs = 2;
    return options;
  }

  /// False when the socket has no room.
  bool Send(const Bytes& datagram) {
    const ssize_t sent = send(peer.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
    Expect(sent == static_cast<ssize_t>(datagram.size()) || errno == EAGAIN || errno == EMSGSIZE);
    return sent >= 0;
  }

  UniqueFd peer;
  Receiver receiver;
};

/// The calls of both threads from one thread, where the model knows what each must do.
class Calls {
 public:
  explicit Calls(Input& input)
      : batch_(1 + input.Below(kBatch)),
        max_packet_(input.Byte() & 1 ? 2048 : 60'000),
        socket_(batch_, max_packet_) {}

  void Act(Input& input) {
    switch (input.Below(8)) {
      case 0:
      case 1:
        for (uint32_t i = 1 + input.Below(12); i > 0; i--) Send(SomeLength(input));
        break;
      case 2:
      case 3:
        Pull();
        break;
      case 4:
      case 5:
        Drain();
        break;
      case 6:
        gathering_ = input.Byte() & 1;
        receiver().SetGathering(gathering_);
        break;
      default:
        paused_ = input.Rarely();
        receiver().SetPaused(paused_);
    }
    Expect(receiver().paused() == paused_ && receiver().gathering() == gathering_);
  }

  /// Every packet is out, or counted with its cause.
  void Finish() {
    for (int i = 0; RingHas() || !in_socket_.empty(); i++) {
      Expect(i < 100'000);
      Pull();
    }
    Pull();
    Pull();
    Expect(!receiver().more_likely() && !receiver().HasBacklog());
    const ReceiverStats stats = receiver().Stats();
    Expect(stats.backlog_bytes == 0 && stats.connects == 0 && stats.connect_error == 0);
  }

 private:
  Receiver& receiver() { return socket_.receiver; }

  size_t SomeLength(Input& input) {
    switch (input.Below(6)) {
      case 0:
        return input.Below(2 * kDesc);
      case 1:
        return max_packet_ + kDesc + input.Below(3);
      case 2:
        return max_packet_ / 2 + input.Below(64);
      default:
        return kDesc + 1 + input.Below(256);
    }
  }

  void Send(size_t length) {
    const Bytes datagram = MakeDatagram(next_++, length);
    if (socket_.Send(datagram)) in_socket_.push_back(datagram);
  }

  /// Counts a datagram that is not a packet.
  bool Usable(const Bytes& datagram) {
    if (datagram.size() > max_packet_ + kDesc) {
      drops_.too_long++;
    } else if (datagram.size() <= kDesc) {
      drops_.malformed++;
    } else {
      return true;
    }
    return false;
  }

  bool RingHas() const { return in_ring_.size() > lost_; }

  void Drain() {
    const Drained drained = receiver().Drain(std::chrono::seconds(1000));
    Expect(!drained.more);
    size_t usable = 0;
    for (Bytes& datagram : in_socket_) {
      if (paused_) {
        drops_.paused++;
      } else if (Usable(datagram)) {
        usable++;
        in_ring_.push_back(std::move(datagram));
      }
    }
    in_socket_.clear();
    // Which ones a full ring has lost, only the packets that come out tell.
    const uint64_t lost = receiver().Stats().drops.ring_full - drops_.ring_full;
    drops_.ring_full += lost;
    lost_ += lost;
    Expect(lost == 0 || max_packet_ > 2048);
    Expect(drained.stored == (usable > lost));
    Expect(!RingHas() || receiver().HasBacklog());
    Compare();
  }

  void Pull() {
    uint32_t columns[3 * kBatch];
    PacketTable table(columns, batch_);
    uint32_t slab = 0;
    gathering_ = false;
    const bool none = in_ring_.empty() && in_socket_.empty();
    const bool must = RingHas() || (in_ring_.empty() && !in_socket_.empty() && MustCome(in_socket_.front()));
    const uint64_t pulls = receiver().pulls();
    const uint32_t count = receiver().Pull(&table, &slab);
    Expect(receiver().pulls() == pulls + 1);
    Expect(count <= batch_ && (count > 0 || !must) && (count == 0 || !none));
    const bool direct = slab == kDirectSlab;
    const Mapping& memory = direct ? *receiver().direct_memory() : *receiver().ring_memory();
    const size_t size = direct ? memory.size() : SlabRing::kSlab;
    const uint8_t* const start = memory.data() + (direct ? 0 : (slab - 1) * SlabRing::kSlab);
    for (uint32_t i = 0; i < count; i++) {
      Look(table, i, start, size, Next(table.sw_if_index(i)));
      packets_++;
      bytes_ += table.length(i);
    }
    if (!direct) drained_ += count;
    // The last of them have left no other trace.
    const ReceiverDrops drops = receiver().Stats().drops;
    while (drops_.too_long + drops_.malformed < drops.too_long + drops.malformed) {
      Expect(!in_socket_.empty() && !Usable(in_socket_.front()));
      in_socket_.pop_front();
    }
    Compare();
    Expect(receiver().more_likely() || !(RingHas() || !in_socket_.empty()));
    Expect(!receiver().more_likely() || !none);
  }

  bool MustCome(const Bytes& datagram) const {
    return datagram.size() > kDesc && datagram.size() <= max_packet_ + kDesc;
  }

  /// The packet that must come next. Those of the ring are older.
  Bytes Next(uint32_t number) {
    for (;;) {
      const bool of_ring = !in_ring_.empty();
      std::deque<Bytes>& queue = of_ring ? in_ring_ : in_socket_;
      Expect(!queue.empty());
      const Bytes next = std::move(queue.front());
      queue.pop_front();
      if (!of_ring && !Usable(next)) continue;
      uint32_t own;
      memcpy(&own, next.data(), sizeof own);
      if (own == number) return next;
      Expect(of_ring && lost_ > 0);
      lost_--;
    }
  }

  void Compare() {
    const ReceiverStats stats = receiver().Stats();
    Expect(stats.counters.packets == packets_ && stats.counters.bytes == bytes_);
    Expect(stats.counters.drained == drained_);
    Expect(stats.drops.too_long == drops_.too_long && stats.drops.malformed == drops_.malformed);
    Expect(stats.drops.paused == drops_.paused && stats.drops.ring_full == drops_.ring_full);
  }

  const uint32_t batch_;
  const size_t max_packet_;
  Socket socket_;
  std::deque<Bytes> in_socket_, in_ring_;
  uint64_t lost_ = 0;  // of those in in_ring_
  bool paused_ = false;
  bool gathering_ = false;
  uint32_t next_ = 1;
  uint64_t packets_ = 0, bytes_ = 0, drained_ = 0;
  ReceiverDrops drops_;
};

/// The real drain thread beside a reading and a sending thread. The ring holds all packets.
void Threads(Input& input) {
  constexpr uint32_t kCount = 300;
  Socket socket(kBatch, 2048);
  DrainThread drain(&socket.receiver, std::chrono::microseconds(1 + input.Below(300)), [] {});
  Expect(!drain.Start());
  const uint32_t seed = input.Word();
  const auto length = [seed](uint32_t number) { return kDesc + 1 + (number * 2654435761u ^ seed) % 2000; };
  std::thread sender([&] {
    for (uint32_t i = 0; i < kCount;) {
      if (socket.Send(MakeDatagram(i, length(i)))) {
        i++;
      } else {
        std::this_thread::yield();
      }
    }
  });
  uint32_t columns[3 * kBatch];
  PacketTable table(columns, kBatch);
  for (uint32_t received = 0; received < kCount;) {
    uint32_t slab = 0;
    if (input.Byte() & 1) socket.receiver.SetGathering(true);
    const uint32_t count = socket.receiver.Pull(&table, &slab);
    const bool direct = slab == kDirectSlab;
    const Mapping& memory = direct ? *socket.receiver.direct_memory() : *socket.receiver.ring_memory();
    const uint8_t* const start = memory.data() + (direct ? 0 : (slab - 1) * SlabRing::kSlab);
    for (uint32_t i = 0; i < count; i++, received++)
      Look(table, i, start, direct ? memory.size() : SlabRing::kSlab,
           MakeDatagram(received, length(received)));
    if (count == 0 || input.Rarely()) usleep(input.Below(400));
  }
  sender.join();
  drain.Stop();
  const ReceiverStats stats = socket.receiver.Stats();
  Expect(stats.counters.packets == kCount && stats.counters.drained <= kCount);
}

constexpr uint64_t kGather = 100'000;
constexpr uint64_t kMilli = 1'000'000;

/// Pauses begin at 2.5 packets in the longest pause, end at half of that rate, and leave VPP room.
void PausesByRate() {
  Expect(Moderation(0).Pause(1000, 0, false, 1) == 0);
  Moderation even(kGather);
  Expect(even.Pause(63, 0, false, 1) == 0);
  Expect(even.Pause(1, 0, false, 2'560'000) == kGather);
  Expect(even.Pause(1, 0, true, 2'560'001) == 0);
  Moderation fast(kGather);
  Expect(fast.Pause(64, 0, false, 2'560'000) == kGather);
  Expect(fast.Pause(64, 0, true, 7'680'000) == kGather);
  Expect(fast.Pause(63, 0, true, 7'680'001) == kGather);
  Expect(fast.Pause(1, 0, false, 12'800'001) == 0);
  Expect(Moderation(kGather).Pause(64, 0, false, 2'560'001) == 0);
  Expect(Moderation(kGather).Pause(64, 0, false, 0) == 0);
  Expect(Moderation(kGather).Pause(64, 96'000, false, 108'399) == 15'000);
  Expect(Moderation(kGather).Pause(64, 96'000, false, 108'398) == 0);
}

/// A useless pause keeps further ones away for a while, longer each time, until one was worthwhile.
void PausesAfterUselessOnes() {
  Moderation moderation(kGather);
  uint64_t now = 0;
  for (uint64_t wait = 2 * kMilli, i = 0; i < 10; i++, wait = std::min(2 * wait, 200 * kMilli)) {
    now += 1000 * kMilli;
    Expect(moderation.Pause(2, 0, true, now) == 0);
    Moderation early = moderation, later = moderation;
    Expect(early.Pause(wait / 20'000, 0, false, now + wait - 1) == 0);
    Expect(later.Pause(wait / 20'000, 0, false, now + wait) == kGather);
    Expect(later.Pause(3, 0, true, now + wait + 1) == kGather);
    Expect(later.Pause(2, 0, true, now + wait + 2) == 0);
    Expect(later.Pause(100, 0, false, now + wait + 2 + 2 * kMilli) == kGather);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte();
  if (kind < 4) {
    Threads(input);
  } else if (kind < 6) {
    FullSlabs();
    PausesByRate();
    PausesAfterUselessOnes();
  } else if (kind < 100) {
    Slabs slabs(input);
    for (int i = 0; i < 300 && !input.empty(); i++) slabs.Act(input);
    slabs.Finish();
  } else {
    Calls calls(input);
    for (int i = 0; i < 300 && !input.empty(); i++) calls.Act(input);
    calls.Finish();
  }
  return 0;
}
