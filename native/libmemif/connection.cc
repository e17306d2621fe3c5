#include "libmemif/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "libmemif/handshake.h"
#include "libmemif/inheritance.h"
#include "libmemif/private_socket.h"

namespace vpp_punt::libmemif {

namespace {

/// The library counts regions in 8 bits; one of them has our rings.
constexpr size_t kMaxRegions = 254;

/// A handshake is one message each way at a time; the library needs a round or two for each.
constexpr int kMaxRounds = 16;

/// Descriptors that the library as client opens without a check, and crashes without: a socket, with our end
/// of it and the end of our wait, its rings' memory, a descriptor of the buffers' memory, a doorbell for each
/// ring.
size_t DescriptorsFor(const Link& link) {
  return 5 + link.rx.size() + link.tx.size();
}

bool CanOpen(size_t count) {
  std::vector<UniqueFd> opened;
  while (opened.size() < count) {
    opened.emplace_back(eventfd(0, EFD_CLOEXEC));
    if (!opened.back()) return false;
  }
  return true;
}

memif_conn_args_t Arguments(const Link& link, memif_socket_handle_t socket) {
  const bool server = link.role == memif::Role::kServer;
  memif_conn_args_t args = {};
  args.socket = socket;
  args.num_s2m_rings = static_cast<uint8_t>(server ? link.rx.size() : link.tx.size());
  args.num_m2s_rings = static_cast<uint8_t>(server ? link.tx.size() : link.rx.size());
  args.is_master = server;
  if (server) return args;
  args.buffer_size = static_cast<uint16_t>(link.buffer_size);
  args.log2_ring_size = static_cast<uint8_t>(__builtin_ctz(link.tx[0].ring.size()));
  return args;
}

int Ignore(memif_conn_handle_t, void*) {
  return 0;
}

}  // namespace

Fault Connection::AddTo(Link& link) {
  if (link.regions.size() > kMaxRegions)
    return std::to_string(link.regions.size()) + " regions are too many for libmemif, which takes " +
           std::to_string(kMaxRegions);
  std::shared_ptr<Connection> connection(new Connection(link));
  Fault fault = connection->Open(link);
  if (!fault) link.relay = std::move(connection);
  return fault;
}

Connection::Connection(const Link& link)
    : server_(link.role == memif::Role::kServer), regions_(link.regions) {}

Fault Connection::Open(const Link& link) {
  const NoInheritance cleanup;
  PrivateSocket socket;
  if (!socket.listening()) return Fault::Ours(std::string("no socket for libmemif: ") + strerror(errno));
  if (!server_ && !CanOpen(DescriptorsFor(link)))
    return Fault::Ours(std::string("no descriptors for libmemif: ") + strerror(errno));
  listener_ = socket.fd();
  Fault fault = ConnectToLibrary(link, socket);
  watched_.erase(std::exchange(listener_, -1));
  for (const auto& [fd, context] : watched_) {
    if (!IsOurs(fd)) return Fault::Ours("libmemif has been reached by another process");
  }
  if (!fault) MakeQueues();
  return fault;
}

/// Completes the handshake between libmemif and our end, which maps the rings.
Fault Connection::ConnectToLibrary(const Link& link, PrivateSocket& socket) {
  // As server first of all: the library takes the first connection of the queue, and other processes may be
  // quick.
  Fault fault;
  auto create = [&] { fault = Create(link, socket); };
  UniqueFd ours;
  if (server_) {
    ours = socket.Connect();
    create();
  } else {
    ours = socket.AcceptOwnDuring(create);
  }
  if (fault) return fault;
  if (!ours) return Fault::Ours(std::string("libmemif cannot be reached: ") + strerror(errno));
  channel_ = std::make_unique<memif::Channel>(std::move(ours));
  auto run = [this] { RunLibrary(); };
  library_link_ =
      server_ ? ConnectAsClient(link, *channel_, run, &fault) : ConnectAsServer(link, *channel_, run, &fault);
  return fault;
}

Fault Connection::Create(const Link& link, const PrivateSocket& socket) {
  const std::string path = socket.Name();
  memif_socket_args_t args = {};
  memcpy(args.path, path.data(), std::min(path.size(), sizeof(args.path) - 1));
  strncpy(args.app_name, memif::kProgramName, sizeof(args.app_name) - 1);
  args.on_control_fd_update = OnFd;
  args.alloc = malloc;
  args.realloc = realloc;
  args.free = free;
  int failure = memif_create_socket(&socket_, &args, this);
  if (failure != MEMIF_ERR_SUCCESS) return Fault::Ours(std::string("libmemif: ") + memif_strerror(failure));
  memif_register_external_region(socket_, AddRegion, RegionAddress, DeleteRegion, nullptr);
  if (server_) memif_set_listener_fd(socket_, socket.fd());
  memif_conn_args_t connection = Arguments(link, socket_);
  failure = memif_create(&connection_, &connection, Ignore, Ignore, nullptr, this);
  return failure == MEMIF_ERR_SUCCESS ? Fault()
                                      : Fault::Ours(std::string("libmemif: ") + memif_strerror(failure));
}

Connection::~Connection() {
  if (connection_ != nullptr) memif_delete(&connection_);
  if (socket_ != nullptr) memif_delete_socket(&socket_);
  for (const auto& [fd, context] : watched_) close(fd);
  for (void* context : contexts_) free(context);
}

void Connection::RunLibrary() {
  for (int i = 0; i < kMaxRounds && RunLibraryOnce(); i++) continue;
}

/// Returns false if there is nothing for the library to read.
bool Connection::RunLibraryOnce() {
  std::vector<pollfd> fds;
  for (const auto& [fd, context] : watched_) fds.push_back({fd, POLLIN, 0});
  if (poll(fds.data(), fds.size(), 0) <= 0) return false;
  bool any = false;
  for (const pollfd& ready : fds) {
    auto found = watched_.find(ready.fd);  // gone, if the library has closed it in between
    if ((ready.revents & POLLIN) == 0 || found == watched_.end()) continue;
    memif_control_fd_handler(found->second, MEMIF_FD_EVENT_READ);
    // As server: the first connection of the queue is ours, and those of other processes stay there.
    if (ready.fd == listener_) watched_.erase(listener_);
    any = true;
  }
  return any;
}

void Connection::MakeQueues() {
  Queue queue = {connection_, 0, server_, {}, &regions_};
  for (const memif::LinkRing& each : server_ ? library_link_->rx : library_link_->tx) {
    queue.ring = each.ring;
    rx_.push_back(std::make_unique<RxRings>(queue));
    queue.index++;
  }
  queue.index = 0;
  for (const memif::LinkRing& each : server_ ? library_link_->tx : library_link_->rx) {
    queue.ring = each.ring;
    tx_.push_back(std::make_unique<TxRings>(queue));
    queue.index++;
  }
  library_link_->regions.resize(1);  // the rest is the link's
}

int Connection::OnFd(memif_fd_event_t event, void* data) {
  auto* self = static_cast<Connection*>(data);
  if ((event.type & MEMIF_FD_EVENT_DEL) != 0) {
    self->watched_.erase(event.fd);
    return 0;
  }
  self->watched_[event.fd] = event.private_ctx;
  self->contexts_.push_back(event.private_ctx);
  return 0;
}

/// As client: the buffers' region.
int Connection::AddRegion(void** address, uint32_t, int* fd, void* data) {
  const Region& buffers = *static_cast<Connection*>(data)->regions_[1];
  *address = buffers.data();
  *fd = fcntl(buffers.fd(), F_DUPFD_CLOEXEC, 0);
  return 0;
}

/// As server the library asks for the peer's regions, in their order.
void* Connection::RegionAddress(uint32_t, int, void* data) {
  auto* self = static_cast<Connection*>(data);
  return self->regions_[self->next_region_++]->data();
}

int Connection::DeleteRegion(void*, uint32_t, int fd, void*) {
  if (fd >= 0) close(fd);
  return 0;
}

}  // namespace vpp_punt::libmemif
