// The packets of one ring on their way through libmemif. The ring that libmemif reads and writes is private:
// libmemif looks at descriptors in place, more than once, and a peer could change them between a check and
// its use.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "memif/shared/region.h"
#include "memif/shared/relay.h"
#include "memif/shared/ring.h"

extern "C" {
#include <libmemif.h>
}

namespace vpp_punt::libmemif {

using memif::memif_desc_t;
using memif::Region;
using memif::Ring;

/// One queue of a connection of the library's.
struct Queue {
  memif_conn_handle_t connection;
  uint16_t index;
  bool server;  // the connection's role, which is ours
  Ring ring;    // the private one
  /// The buffers' regions, by the link's index.
  const std::vector<std::shared_ptr<Region>>* regions;

  /// The library's index of a region: for a server, region 0 holds our rings, and the peer's regions follow.
  uint16_t RegionOf(const memif_desc_t& desc) const {
    return static_cast<uint16_t>(desc.region + (server ? 1 : 0));
  }
  /// The descriptor of a buffer of the library's; none if the buffer is not in `region`.
  std::optional<memif_desc_t> Describe(const memif_buffer_t& buffer, uint16_t region) const;
};

class RxRings : public memif::RxRelay {
 public:
  explicit RxRings(const Queue& queue);
  bool Receive(memif_desc_t* descs, uint32_t count) override;
  void Release(uint32_t count) override;

 private:
  Queue queue_;
  uint16_t received_ = 0;  // slots before it have been received
  std::vector<memif_buffer_t> buffers_;
};

class TxRings : public memif::TxRelay {
 public:
  explicit TxRings(const Queue& queue);
  bool Allocate(memif_desc_t* desc) override;
  bool Send(memif_desc_t* descs, uint32_t count) override;

 private:
  Queue queue_;
  uint16_t allocated_ = 0;               // slots before it have been allocated
  uint16_t sent_ = 0;                    // slots before it have been sent
  std::vector<memif_buffer_t> buffers_;  // by slot
  std::vector<memif_buffer_t> burst_;
};

}  // namespace vpp_punt::libmemif
