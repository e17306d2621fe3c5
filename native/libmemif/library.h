// One connection of libmemif's, whose peer is ourselves.
//
// The library takes its peer's word for everything, in the handshake and in shared memory. So it gets no peer
// but us: what the real one says and sends is checked as the builtin engine does, and handed on to the
// library over a socket and rings that nobody else can reach.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libmemif/rings.h"
#include "memif/control/channel.h"
#include "memif/shared/link.h"

namespace vpp_punt::libmemif {

using memif::Link;

class Library : public memif::Relay {
 public:
  /// Makes the library connect over the regions and with the rings of a link, and puts it into that. What it
  /// has against it, or "". A `Handshake::Accept`.
  static std::string Enter(Link& link);

  ~Library() override;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  memif::RxRelay& rx(size_t index) override { return *rx_[index]; }
  memif::TxRelay& tx(size_t index) override { return *tx_[index]; }

  /// Lets the library read what it has been sent, and answer.
  void Pump();

 private:
  struct Listener;

  explicit Library(const Link& link);
  std::string Open(const Link& link);
  std::string Create(const Link& link, const Listener& listener);
  std::string Meet(const Link& link, const Listener& listener);
  bool PumpOnce();
  void MakeQueues();

  static int OnFd(memif_fd_event_t event, void* self);
  static int AddRegion(void** address, uint32_t size, int* fd, void* self);
  static void* RegionAddress(uint32_t size, int fd, void* self);
  static int DeleteRegion(void* address, uint32_t size, int fd, void* self);

  const bool server_;
  const std::vector<std::shared_ptr<Region>> regions_;  // of the link
  size_t next_region_ = 0;                              // that the library asks for, as server
  memif_socket_handle_t socket_ = nullptr;
  memif_conn_handle_t connection_ = nullptr;
  std::map<int, void*> watched_;             // what the library wants to read from
  std::vector<void*> contexts_;              // which it forgets to free
  std::unique_ptr<memif::Channel> channel_;  // the other end of its control socket
  std::shared_ptr<Link> seen_;               // its rings from that end, where S2M is what is received
  std::vector<std::unique_ptr<RxRings>> rx_;
  std::vector<std::unique_ptr<TxRings>> tx_;
};

}  // namespace vpp_punt::libmemif
