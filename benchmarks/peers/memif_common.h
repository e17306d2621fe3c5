// Shared by the memif peers: the builtin engine without JavaScript, which polls or sleeps on a doorbell.
#pragma once

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <memory>
#include <string>
#include <vector>

#include "memif/port/port.h"

namespace bench {

using namespace vpp_punt::memif;

constexpr uint32_t kBurst = 256;
/// First byte of the packet that ends a run, in either direction; other packets start with 0.
constexpr uint8_t kEnd = 0xff;

inline double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// A port with one queue each way, both locked.
class Peer {
 public:
  Peer(Role role, const char* socket) {
    Settings settings;
    settings.role = role;
    settings.socket = socket;
    settings.name = "peer";
    settings.reconnect_ms = 10;
    vpp_punt::SystemError error;
    port_ = Port::Open(settings, nullptr, &error);
    if (!port_) {
      fprintf(stderr, "%s: %s\n", error.what.c_str(), strerror(error.error));
      exit(1);
    }
    scratch_.resize(128 * 1024);
    rx().TryLock();
    rx().SetScratch({scratch_.data(), static_cast<uint32_t>(scratch_.size()), false});
    tx().TryLock();
    cells_.resize(2 * kBurst);
  }

  RxQueue& rx() { return port_->rx(0); }
  TxQueue& tx() { return port_->tx(0); }
  vpp_punt::PacketTable table() { return {cells_.data(), kBurst}; }

  /// Waits until a peer is connected.
  void AwaitUp() {
    while (rx().connection() == 0 || tx().connection() == 0) {
      rx().Refresh();
      tx().Refresh();
      usleep(100);
    }
  }
  bool Up() { return rx().connection() != 0 && !rx().Stale(); }

  /// Sleeps on the doorbell, as an interrupt-mode receiver does.
  void Sleep() {
    pollfd bell = {rx().doorbell(), POLLIN, 0};
    poll(&bell, 1, 100);
    if (bell.revents & POLLIN) rx().DrainDoorbell();
  }

  /// Returns the address of packet `i` of the last burst.
  const uint8_t* Packet(uint32_t i) {
    uint32_t memory = rx().memory();
    const uint8_t* data = memory == kScratchMemory ? scratch_.data() : rx().Memory(memory)->data();
    return data + table().offset(i);
  }

  /// Sends one packet, however long that takes; returns false when the peer is gone.
  bool SendOne(const std::vector<uint8_t>& packet) {
    while (tx().Append(packet.data(), static_cast<uint32_t>(packet.size())) != AppendResult::kDone) {
      if (!Up()) return false;
    }
    tx().Publish();
    tx().RingDoorbell();
    return true;
  }

 private:
  std::shared_ptr<Port> port_;
  std::vector<uint8_t> scratch_;
  std::vector<uint32_t> cells_;
};

inline Role RoleOf(const char* word) {
  return strcmp(word, "server") == 0 ? Role::kServer : Role::kClient;
}

inline void SayReady() {
  puts("ready");
  fflush(stdout);
}

}  // namespace bench
