// One connection of libmemif's, whose peer is ourselves.
//
// The library trusts its peer in everything, in the handshake and in shared memory. So its only peer is this
// process: the real peer's messages and packets are checked as the builtin engine does, and handed on to the
// library over a socket and rings that no other process can reach.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libmemif/rings.h"
#include "memif/control/channel.h"
#include "memif/shared/fault.h"
#include "memif/shared/link.h"

namespace vpp_punt::libmemif {

using memif::Fault;
using memif::Link;

class Connection : public memif::Relay {
 public:
  /// Makes the library connect over the regions and with the rings of a link, and puts the connection into
  /// the link as its relay. A `Handshake::Accept`.
  static Fault AddTo(Link& link);

  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  memif::RxRelay& rx(size_t index) override { return *rx_[index]; }
  memif::TxRelay& tx(size_t index) override { return *tx_[index]; }

  /// Lets the library read its messages, and answer.
  void RunLibrary();

 private:
  explicit Connection(const Link& link);
  Fault Open(const Link& link);
  Fault Create(const Link& link, const class PrivateSocket& socket);
  Fault ConnectToLibrary(const Link& link, PrivateSocket& socket);
  bool RunLibraryOnce();
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
  int listener_ = -1;                        // as server, during Open
  std::map<int, void*> watched_;             // descriptors that the library wants to read from
  std::vector<void*> contexts_;              // of those descriptors; the library forgets to free them
  std::unique_ptr<memif::Channel> channel_;  // the other end of the library's control socket
  std::shared_ptr<Link> library_link_;       // the library's rings from that end, where S2M is received
  std::vector<std::unique_ptr<RxRings>> rx_;
  std::vector<std::unique_ptr<TxRings>> tx_;
};

}  // namespace vpp_punt::libmemif
