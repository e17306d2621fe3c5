#include "libmemif/control_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "memif/address.h"
#include "memif/program.h"
#include "util/unique_fd.h"

namespace vpp_punt::libmemif {

namespace {

/// The library calls connect(2) at the pace of its timer: there is no other way to hear of a server's coming.
constexpr long kFirstAttemptNs = 1'000'000;

using Key = std::pair<std::string, Role>;

/// Of the control thread.
std::map<Key, std::weak_ptr<ControlSocket>>& Sockets() {
  static std::map<Key, std::weak_ptr<ControlSocket>> sockets;
  return sockets;
}

/// Whether somebody listens at the path, or what else is in the way: libmemif only says that it could not
/// bind.
int Obstacle(const memif::Address& address) {
  if (address.abstract) return 0;
  struct stat status;
  if (lstat(address.address.sun_path, &status) != 0) return 0;
  if (!S_ISSOCK(status.st_mode)) return EEXIST;
  UniqueFd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), address.get(), address.length) == 0 || errno == EAGAIN) return EADDRINUSE;
  if (errno != ECONNREFUSED) return errno;
  unlink(address.address.sun_path);  // left by a process that is gone
  return 0;
}

}  // namespace

std::shared_ptr<ControlSocket> ControlSocket::Get(const std::shared_ptr<ControlLoop>& loop,
                                                  const Settings& settings, OpenError* error) {
  std::weak_ptr<ControlSocket>& known = Sockets()[{settings.socket, settings.role}];
  if (auto socket = known.lock()) return socket;
  auto socket = std::make_shared<ControlSocket>(loop, settings);
  if (!socket->Open(settings, error)) return nullptr;
  known = socket;
  return socket;
}

ControlSocket::ControlSocket(std::shared_ptr<ControlLoop> loop, const Settings& settings)
    : loop_(std::move(loop)), path_(settings.socket), role_(settings.role) {}

bool ControlSocket::Open(const Settings& settings, OpenError* error) {
  memif_socket_args_t args = {};
  memcpy(args.path, path_.data(), std::min(path_.size(), sizeof(args.path) - 1));
  strncpy(args.app_name, memif::kProgramName, sizeof(args.app_name) - 1);
  args.on_control_fd_update = OnFd;
  if (role_ == Role::kClient) {
    args.connection_request_timer.it_value.tv_nsec = kFirstAttemptNs;
    args.connection_request_timer.it_interval = {settings.reconnect_ms / 1000,
                                                 settings.reconnect_ms % 1000 * 1'000'000L};
  }
  const int failure = memif_create_socket(&handle_, &args, this);
  if (failure != MEMIF_ERR_SUCCESS) {
    *error = {EIO, std::string("libmemif: ") + memif_strerror(failure)};
    return false;
  }
  return role_ == Role::kClient || Listen(settings, error);
}

/// Our own listening socket: the library's has a backlog of 1, and says nothing of why it could not have it.
bool ControlSocket::Listen(const Settings& settings, OpenError* error) {
  const memif::Address address(path_);
  int failure = Obstacle(address);
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
  if (failure == 0 && bind(fd.get(), address.get(), address.length) != 0) failure = errno;
  if (failure == 0) {
    bound_ = !address.abstract;
    if (bound_ && settings.socket_mode >= 0 &&
        chmod(path_.c_str(), static_cast<mode_t>(settings.socket_mode)) != 0)
      failure = errno;
  }
  if (failure == 0 && listen(fd.get(), SOMAXCONN) != 0) failure = errno;
  if (failure != 0) {
    *error = {failure, path_};
    return false;
  }
  memif_set_listener_fd(handle_, fd.Release());
  return true;
}

ControlSocket::~ControlSocket() {
  for (int fd : watched_) loop_->Unwatch(fd);
  if (handle_ != nullptr) {
    // The library forgets to close both.
    const int listener = memif_get_listener_fd(handle_);
    const std::set<int> fds = watched_;
    memif_delete_socket(&handle_);
    if (listener >= 0) close(listener);
    for (int fd : fds) {
      if (fd != listener) close(fd);
    }
  }
  if (bound_) unlink(path_.c_str());
}

int ControlSocket::OnFd(memif_fd_event_t event, void* data) {
  auto* self = static_cast<ControlSocket*>(data);
  if ((event.type & MEMIF_FD_EVENT_DEL) != 0) {
    if (self->watched_.erase(event.fd) > 0) self->loop_->Unwatch(event.fd);
    return 0;
  }
  self->watched_.insert(event.fd);
  self->loop_->Watch(event.fd, [self, context = event.private_ctx] {
    std::unique_lock lock(*self->mutex_);
    memif_control_fd_handler(context, MEMIF_FD_EVENT_READ);
  });
  return 0;
}

}  // namespace vpp_punt::libmemif
