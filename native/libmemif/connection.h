// One connection of libmemif's, as the queues see it. The library unmaps the peer's memory at a disconnect,
// whoever reads in it: so every region is mapped once more, for JavaScript, and stays while it is looked at.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "memif/region.h"

extern "C" {
#include <libmemif.h>
}

namespace vpp_punt::libmemif {

using memif::Region;

/// Where a packet's bytes are.
struct Place {
  uint16_t region;
  uint32_t offset;
};

class Connection {
 public:
  /// Null with `fault` when the peer's memory is not what it says.
  static std::shared_ptr<Connection> Of(memif_conn_handle_t handle, std::string* fault);
  ~Connection() { End(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Where `data` is, if all of it is in a region: the library does not look.
  std::optional<Place> Locate(const void* data, uint32_t length) const;

  /// From now on nothing of the library's may be touched.
  void End();
  bool ended() const { return ended_; }
  bool truncated() const;

  memif_conn_handle_t handle = nullptr;
  std::string peer_name;
  std::string peer_interface;
  uint16_t rx_queues = 0;
  uint16_t tx_queues = 0;
  uint32_t ring_size = 0;
  std::vector<std::shared_ptr<Region>> regions;
  /// Of the receive queues; ours, because an event loop waits on them that hears of a disconnect later.
  std::vector<UniqueFd> doorbells;

 private:
  struct Mapping {
    uint8_t* data;
    uint64_t size;
    int guard;
    std::atomic<bool> hit{false};
  };

  Connection() = default;
  bool AddRegion(const memif_region_details_t& region, std::string* fault);

  std::vector<std::unique_ptr<Mapping>> theirs_;  // the library's
  bool ended_ = false;
};

}  // namespace vpp_punt::libmemif
