#include "libmemif/library.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "libmemif/introduction.h"

namespace vpp_punt::libmemif {

namespace {

/// The library counts regions in 8 bits; one of them has our rings.
constexpr size_t kMaxRegions = 254;

/// A handshake is one message each way at a time; the library needs a round or two for each.
constexpr int kMaxRounds = 16;

/// Whether this process is at the other end.
bool IsOurs(int fd) {
  ucred peer = {};
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == getpid();
}

/// What the library as client opens without a look at what it gets, and crashes on: a socket, with our end of
/// it, its rings' memory, a descriptor of the buffers', a doorbell for each ring.
size_t DescriptorsFor(const Link& link) {
  return 4 + link.rx.size() + link.tx.size();
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

/// A socket for one connection, in the abstract namespace, under a name that the kernel chooses.
struct Library::Listener {
  Listener() : fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    address.sun_family = AF_UNIX;
    const bool listening = bind(fd.get(), generic(), sizeof(sa_family_t)) == 0 &&
                           getsockname(fd.get(), generic(), &length) == 0 && listen(fd.get(), 1) == 0;
    if (!listening) fd.Reset();
  }

  UniqueFd Connect() const {
    UniqueFd made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    return connect(made.get(), generic(), length) == 0 ? std::move(made) : UniqueFd();
  }
  UniqueFd Accept() const { return UniqueFd(accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  /// As the library wants it.
  std::string Name() const {
    return "@" + std::string(address.sun_path + 1, length - offsetof(sockaddr_un, sun_path) - 1);
  }

  UniqueFd fd;
  sockaddr_un address = {};
  socklen_t length = sizeof address;

 private:
  sockaddr* generic() const { return reinterpret_cast<sockaddr*>(const_cast<sockaddr_un*>(&address)); }
};

std::string Library::Enter(Link& link) {
  if (link.regions.size() > kMaxRegions)
    return std::to_string(link.regions.size()) + " regions are too many for libmemif, which takes " +
           std::to_string(kMaxRegions);
  std::shared_ptr<Library> library(new Library(link));
  std::string fault = library->Open(link);
  if (fault.empty()) link.relay = std::move(library);
  return fault;
}

Library::Library(const Link& link) : server_(link.role == memif::Role::kServer), regions_(link.regions) {}

std::string Library::Open(const Link& link) {
  Listener listener;
  if (!listener.fd) return std::string("no socket for libmemif: ") + strerror(errno);
  if (!server_ && !CanOpen(DescriptorsFor(link)))
    return std::string("no descriptors for libmemif: ") + strerror(errno);
  std::string fault = Create(link, listener);
  if (fault.empty()) fault = Meet(link, listener);
  watched_.erase(listener.fd.get());  // as server; from here on nobody can connect
  for (const auto& [fd, context] : watched_) {
    if (!IsOurs(fd)) return "libmemif has been reached by another process";
  }
  if (fault.empty()) MakeQueues();
  return fault;
}

/// Connects the library with us, and them the rings.
std::string Library::Meet(const Link& link, const Listener& listener) {
  UniqueFd ours = server_ ? listener.Connect() : listener.Accept();
  if (!ours) return std::string("libmemif cannot be reached: ") + strerror(errno);
  if (!IsOurs(ours.get())) return "libmemif has been reached by another process";
  channel_ = std::make_unique<memif::Channel>(std::move(ours));
  std::string fault;
  auto pump = [this] { Pump(); };
  seen_ = server_ ? IntroduceClient(link, *channel_, pump, &fault)
                  : IntroduceServer(link, *channel_, pump, &fault);
  return fault;
}

std::string Library::Create(const Link& link, const Listener& listener) {
  const std::string path = listener.Name();
  memif_socket_args_t args = {};
  memcpy(args.path, path.data(), std::min(path.size(), sizeof(args.path) - 1));
  strncpy(args.app_name, memif::kProgramName, sizeof(args.app_name) - 1);
  args.on_control_fd_update = OnFd;
  args.alloc = malloc;
  args.realloc = realloc;
  args.free = free;
  int failure = memif_create_socket(&socket_, &args, this);
  if (failure != MEMIF_ERR_SUCCESS) return std::string("libmemif: ") + memif_strerror(failure);
  memif_register_external_region(socket_, AddRegion, RegionAddress, DeleteRegion, nullptr);
  if (server_) memif_set_listener_fd(socket_, listener.fd.get());
  memif_conn_args_t connection = Arguments(link, socket_);
  failure = memif_create(&connection_, &connection, Ignore, Ignore, nullptr, this);
  return failure == MEMIF_ERR_SUCCESS ? "" : std::string("libmemif: ") + memif_strerror(failure);
}

Library::~Library() {
  if (connection_ != nullptr) memif_delete(&connection_);
  if (socket_ != nullptr) memif_delete_socket(&socket_);
  for (const auto& [fd, context] : watched_) close(fd);
  for (void* context : contexts_) free(context);
}

void Library::Pump() {
  for (int i = 0; i < kMaxRounds && PumpOnce(); i++) continue;
}

/// False when there is nothing for the library to read.
bool Library::PumpOnce() {
  std::vector<pollfd> fds;
  for (const auto& [fd, context] : watched_) fds.push_back({fd, POLLIN, 0});
  if (poll(fds.data(), fds.size(), 0) <= 0) return false;
  bool any = false;
  for (const pollfd& ready : fds) {
    auto found = watched_.find(ready.fd);  // gone, if the library has closed it meanwhile
    if ((ready.revents & POLLIN) == 0 || found == watched_.end()) continue;
    memif_control_fd_handler(found->second, MEMIF_FD_EVENT_READ);
    any = true;
  }
  return any;
}

void Library::MakeQueues() {
  Queue queue = {connection_, 0, server_, {}, &regions_};
  for (const memif::LinkRing& each : server_ ? seen_->rx : seen_->tx) {
    queue.ring = each.ring;
    rx_.push_back(std::make_unique<RxRings>(queue));
    queue.index++;
  }
  queue.index = 0;
  for (const memif::LinkRing& each : server_ ? seen_->tx : seen_->rx) {
    queue.ring = each.ring;
    tx_.push_back(std::make_unique<TxRings>(queue));
    queue.index++;
  }
  seen_->regions.resize(1);  // the rest is the link's
}

int Library::OnFd(memif_fd_event_t event, void* data) {
  auto* self = static_cast<Library*>(data);
  if ((event.type & MEMIF_FD_EVENT_DEL) != 0) {
    self->watched_.erase(event.fd);
    return 0;
  }
  self->watched_[event.fd] = event.private_ctx;
  self->contexts_.push_back(event.private_ctx);
  return 0;
}

/// As client: the buffers' region.
int Library::AddRegion(void** address, uint32_t, int* fd, void* data) {
  const Region& buffers = *static_cast<Library*>(data)->regions_[1];
  *address = buffers.data();
  *fd = fcntl(buffers.fd(), F_DUPFD_CLOEXEC, 0);
  return 0;
}

/// As server: it asks for the peer's regions, in their order.
void* Library::RegionAddress(uint32_t, int, void* data) {
  auto* self = static_cast<Library*>(data);
  return self->regions_[self->next_region_++]->data();
}

int Library::DeleteRegion(void*, uint32_t, int fd, void*) {
  if (fd >= 0) close(fd);
  return 0;
}

}  // namespace vpp_punt::libmemif
