// The settings of a memif port. lib/memif/options.ts has checked them, so that native code can rely on them.
#pragma once

#include <cstdint>
#include <string>

#include "memif/shared/wire.h"

namespace vpp_punt::memif {

/// Our name in HELLO and INIT.
constexpr const char* kProgramName = "vpp-punt";

enum class Role { kServer, kClient };

struct Settings {
  Role role = Role::kClient;
  std::string socket;  // path, or '@name' for an abstract socket; empty: Port::Adopt gets a connected one
  uint32_t id = 0;
  Mode mode = Mode::kEthernet;
  std::string secret;      // up to 23 bytes; empty: none
  std::string name;        // of the interface, up to 31 bytes
  uint16_t rx_queues = 1;  // as server: the most that a client gets
  uint16_t tx_queues = 1;
  uint8_t log2_ring_size = 10;
  uint32_t buffer_size = 2048;
  uint32_t spare_buffers = 0;  // for retained packets, per receive queue; client only
  int socket_mode = -1;        // permissions of the socket file, -1: umask decides; server only
  uint32_t reconnect_ms = 1000;
};

}  // namespace vpp_punt::memif
