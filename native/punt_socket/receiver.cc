#include "punt_socket/receiver.h"

#include <cerrno>

#include "descriptor/expect_socket.h"
#include "punt_socket/send_buffer.h"
#include "util/hang_up.h"
#include "util/unix_address.h"

namespace vpp_punt::punt_socket {

namespace {

constexpr uint32_t kScratchBurst = 64;
/// A flood must not keep the socket from its new peer.
constexpr std::chrono::milliseconds kBeforeConnect{100};

}  // namespace

Receiver::Receiver(const ReceiverOptions& options)
    : options_(options),
      direct_(options.batch, options.max_packet + sizeof(punt_packetdesc_t)),
      follows_vpp_(!options.vpp_path.empty()),
      scratch_(kScratchBurst, options.max_packet + sizeof(punt_packetdesc_t)),
      ring_(options.ring_slabs),
      peer_(options.vpp_path) {}

Receiver::~Receiver() {
  bound_.Remove();
  adopted_ ? LetGoOfDatagrams(std::move(fd_)) : HangUpDatagrams(std::move(fd_));
}

SystemError Receiver::Open(UniqueFd adopted) {
  if (!direct_.ok() || !scratch_.ok() || !ring_.ok()) return {ENOMEM, "memory for slabs"};
  if (adopted) {
    const char* expected = "a UNIX datagram socket is expected";
    if (SystemError failed = descriptor::ExpectUnixSocket(adopted.get(), SOCK_DGRAM, expected)) return failed;
    fd_ = std::move(adopted);
    adopted_ = true;
    RefuseDescriptors(fd_.get());
    Reconnect(true);
    return {};
  }
  fd_.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return {errno, "socket"};
  RefuseDescriptors(fd_.get());
  const int size = options_.send_buffer;
  if (size > 0) setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  const BindOptions how = {.mode = options_.mode, .group = options_.group};
  SystemError failed = bound_.Bind(fd_.get(), options_.path, how);
  if (!failed) Reconnect(true);
  return failed;
}

uint32_t Receiver::Pull(PacketTable* table, uint32_t* slab) {
  pulls_.fetch_add(1, std::memory_order_relaxed);
  const bool gathering = gathering_.exchange(false);
  ring_.Release();
  if (!gathering)
    if (const uint32_t count = PullRing(table, slab)) return count;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  // The drain thread reads, and notifies the pump when it has added packets. The packets that gathered
  // before are in the ring.
  if (!lock) return PullRing(table, slab);
  const uint32_t gathered = gathering ? TakeGathered(table) : 0;
  if (const uint32_t count = PullRing(table, slab)) return count;
  ring_.Rewind();
  *slab = kDirectSlab;
  return PullSocket(table, gathered);
}

/// Copies what has gathered in the ring to the start of the direct slab, so that it becomes one burst with
/// what is queued; leaves a lot as it is. The caller holds the mutex.
uint32_t Receiver::TakeGathered(PacketTable* table) {
  uint32_t slab = 0;
  const uint32_t count = ring_.Peek(table, &slab);
  if (count > direct_.capacity() / 2 || !ring_.AllShown()) return 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t* datagram = ring_.slab(slab) + table->offset(i) - sizeof(punt_packetdesc_t);
    direct_.Put(i, datagram, table->length(i) + sizeof(punt_packetdesc_t));
  }
  ring_.Release();
  return count;
}

uint32_t Receiver::PullRing(PacketTable* table, uint32_t* slab) {
  const uint32_t count = ring_.Peek(table, slab);
  *slab += 1;
  counters_.packets += count;
  counters_.drained += count;
  for (uint32_t i = 0; i < count; i++) counters_.bytes += table->length(i);
  more_likely_ = count > 0;
  return count;
}

uint32_t Receiver::PullSocket(PacketTable* table, uint32_t gathered) {
  // A second look after an empty one is polling: it mostly finds nothing, or one packet that wants an answer.
  const bool one = found_none_ && gathered == 0;
  const uint32_t received = one ? direct_.ReceiveOne(fd_.get()) : direct_.Receive(fd_.get(), gathered);
  found_none_ = received == 0;
  uint64_t bytes = 0;
  uint32_t count = 0;
  for (uint32_t i = 0; i < gathered + received; i++) {
    if (!Usable(direct_, i)) continue;
    const auto* desc = reinterpret_cast<const punt_packetdesc_t*>(direct_.data(i));
    const uint32_t length = static_cast<uint32_t>(direct_.length(i) - sizeof(*desc));
    table->Set(count++, static_cast<uint32_t>(direct_.offset(i) + sizeof(*desc)), length, desc->sw_if_index);
    counters_.bytes += length;
    bytes += i < gathered ? 0 : length;
  }
  counters_.packets += count;
  AddCost(count - gathered, bytes);
  more_likely_ = received == (one ? 1 : direct_.capacity() - gathered);
  return count;
}

/// The caller holds the mutex.
void Receiver::AddCost(uint64_t packets, uint64_t bytes) {
  if (packets > 0) cost_.store(cost() + SendBufferCost(packets, bytes), std::memory_order_relaxed);
}

/// Counts a datagram that is not a packet.
bool Receiver::Usable(const Burst& burst, uint32_t i) {
  if (burst.truncated(i)) {
    drops_.too_long++;
  } else if (burst.length(i) <= sizeof(punt_packetdesc_t)) {
    drops_.malformed++;
  } else {
    return true;
  }
  return false;
}

Drained Receiver::Drain(std::chrono::nanoseconds longest) {
  const std::lock_guard lock(mutex_);
  return DrainLocked(longest);
}

Drained Receiver::DrainLocked(std::chrono::nanoseconds longest) {
  const auto began = std::chrono::steady_clock::now();
  Drained drained;
  for (;;) {
    const uint32_t received = scratch_.Receive(fd_.get());
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < received; i++) {
      bytes += scratch_.length(i);
      drained.stored |= Store(i);
    }
    AddCost(received, bytes);
    if (received < scratch_.capacity()) return drained;
    drained.more = std::chrono::steady_clock::now() - began >= longest;
    if (drained.more) return drained;
  }
}

/// Puts datagram i of the scratch burst into the ring, or counts the reason against it.
bool Receiver::Store(uint32_t i) {
  if (paused()) {
    drops_.paused++;
  } else if (Usable(scratch_, i)) {
    if (ring_.Append(scratch_.data(i), scratch_.length(i))) return true;
    drops_.ring_full++;
  }
  return false;
}

void Receiver::ClearError() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
}

void Receiver::SetVppPath(const std::string& path) {
  const std::lock_guard lock(mutex_);
  peer_ = VppPeer(path);
  follows_vpp_.store(peer_.wanted());
}

int Receiver::Reconnect(bool force) {
  const std::lock_guard lock(mutex_);
  if (!peer_.wanted()) return peer_.Connect(fd_.get());
  if (!force && !peer_.Moved()) return peer_.Confirm(fd_.get());
  DrainLocked(kBeforeConnect);  // the kernel discards the old peer's packets when the new one is connected
  const int error = peer_.Connect(fd_.get());
  if (error == 0) connects_++;
  return error;
}

int Receiver::SendTo(const std::string& path, const punt_packetdesc_t& desc, const uint8_t* data,
                     size_t length) {
  const UnixAddress address(path);
  iovec vectors[] = {{const_cast<punt_packetdesc_t*>(&desc), sizeof(desc)},
                     {const_cast<uint8_t*>(data), length}};
  msghdr message = {};
  message.msg_name = const_cast<sockaddr*>(address.get());
  message.msg_namelen = address.size();
  message.msg_iov = vectors;
  message.msg_iovlen = 2;
  return sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

ReceiverStats Receiver::Stats() {
  const std::lock_guard lock(mutex_);
  ReceiverStats stats;
  stats.counters = counters_;
  stats.drops = drops_;
  stats.backlog_bytes = ring_.Backlog();
  stats.connects = connects_;
  stats.connect_error = peer_.wanted() ? peer_.error() : peer_.Connect(fd_.get());
  return stats;
}

}  // namespace vpp_punt::punt_socket
