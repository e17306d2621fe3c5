// The wire side of a memif peer that breaks rules, for tests of our side.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include "memif/control/channel.h"
#include "memif/shared/ring.h"
#include "memif/shared/ringer.h"
#include "memif/shared/wire.h"
#include "util/unix_address.h"

namespace raw {

using namespace vpp_punt::memif;

/// 2^10 slots; the S2M ring at 0, the M2S ring behind it, buffers from kBuffers on.
constexpr uint8_t kLog2 = 10;
constexpr uint32_t kSlots = 1u << kLog2;
constexpr uint32_t kM2S = 32768;
constexpr uint32_t kBuffers = 65536;
constexpr uint32_t kBufferSize = 2048;
constexpr uint64_t kRegionSize = kBuffers + uint64_t{kSlots} * kBufferSize;

using Clock = std::chrono::steady_clock;

/// Whether the condition holds within some milliseconds.
inline bool Soon(const std::function<bool()>& holds, int ms = 20) {
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(ms);
  while (!holds())
    if (Clock::now() > end) return false;
  return true;
}

[[noreturn]] inline void Die(const char* what) {
  perror(what);
  exit(2);
}

/// A memfd of that size, mapped.
struct Memory {
  explicit Memory(uint64_t size) : fd(memfd_create("hostile", 0)) {
    if (fd < 0 || ftruncate(fd, static_cast<off_t>(size)) < 0) Die("memfd");
    data = static_cast<uint8_t*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  }
  memif_ring_t* ring(uint32_t offset) { return reinterpret_cast<memif_ring_t*>(data + offset); }
  int fd;
  uint8_t* data;
};

/// The control socket, blocking.
class Control {
 public:
  explicit Control(int fd) : channel_(vpp_punt::UniqueFd(fd)) {}

  void Send(const memif_msg_t& message, int fd = -1) { channel_.Send(message, fd); }

  /// Receives and prints the next message. Returns false at the end of the connection.
  bool Receive(memif_msg_t* message, vpp_punt::UniqueFd* fd) {
    while (true) {
      Received got = channel_.Receive(message, fd);
      if (got == Received::kMessage) break;
      if (got != Received::kNothing) return false;
      pollfd waiting = {channel_.fd(), POLLIN, 0};
      poll(&waiting, 1, 1000);
    }
    if (message->type == static_cast<uint16_t>(MsgType::kDisconnect)) {
      printf("disconnect %s\n", reinterpret_cast<const char*>(message->disconnect.string));
    } else {
      printf("message %u\n", message->type);
    }
    fflush(stdout);
    return true;
  }

  /// Reads until a message of that type. Exits if the other side ends the connection first.
  memif_msg_t Await(MsgType type, vpp_punt::UniqueFd* fd = nullptr) {
    memif_msg_t message;
    vpp_punt::UniqueFd ignored;
    while (Receive(&message, fd != nullptr ? fd : &ignored)) {
      if (message.type == static_cast<uint16_t>(type)) return message;
    }
    printf("end\n");
    exit(0);
  }

  /// Whether the other side has sent a message, or has gone.
  bool Spoken() {
    pollfd waiting = {channel_.fd(), POLLIN, 0};
    return poll(&waiting, 1, 0) > 0;
  }

  void ReadToEnd() {
    memif_msg_t message;
    vpp_punt::UniqueFd ignored;
    while (Receive(&message, &ignored)) continue;
    printf("end\n");
  }

 private:
  Channel channel_;
};

/// Fills the counter of a doorbell and makes the doorbell blocking, for all who share it: a write to it then
/// waits for good.
inline void JamDoorbell(int bell) {
  eventfd_t rings;
  eventfd_read(bell, &rings);
  if (eventfd_write(bell, UINT64_MAX - 1) < 0) Die("eventfd");
  if (fcntl(bell, F_SETFL, fcntl(bell, F_GETFL) & ~O_NONBLOCK) < 0) Die("fcntl");
}

/// Changes descriptors of a ring while the other side reads them, each for an instant, until the other side
/// gives up. `publish` hands out the slots that the other side has returned.
template <typename Publish>
void Flip(Control& control, Ring ring, Publish publish) {
  for (uint32_t round = 0; round % 1024 != 0 || !control.Spoken(); round++) {
    const uint16_t slot = round % kSlots;
    const memif_desc_t good = ring.LoadDescriptor(slot);
    memif_desc_t bad = good;
    if (round % 4 == 0) bad.region = 0xffff;
    if (round % 4 == 1) bad.offset = 0xfffffff0;
    if (round % 4 == 2) bad.length = 0xffffffff;
    if (round % 4 == 3) bad.flags = kDescFlagNext;
    ring.StoreDescriptor(slot, bad);
    ring.StoreDescriptor(slot, good);
    if (round % 64 == 0) publish();
  }
}

/// Begins a peer: it prints each line at once, and ends with the test's process, however that ends.
inline void Begin() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

inline int ConnectTo(const char* path) {
  const vpp_punt::UnixAddress address(path);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  if (connect(fd, address.get(), address.size()) < 0) Die("connect");
  return fd;
}

inline int AcceptOne(const char* path) {
  const vpp_punt::UnixAddress address(path);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  if (bind(fd, address.get(), address.size()) < 0 || listen(fd, 1) < 0) Die("bind");
  int connection = accept(fd, nullptr, nullptr);
  if (connection < 0) Die("accept");
  return connection;
}

}  // namespace raw
