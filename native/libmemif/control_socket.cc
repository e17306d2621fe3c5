#include "libmemif/control_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "memif/address.h"
#include "memif/program.h"
#include "util/unique_fd.h"

namespace vpp_punt::libmemif {

namespace {

using memif::memif_msg_t;
using memif::MsgType;
using memif::Received;

/// The library calls connect(2) at the pace of its timer: there is no other way to hear of a server's coming.
constexpr long kFirstAttemptNs = 1'000'000;

/// Of a server's socket, which the library never opens: it is given a descriptor.
constexpr char kNoPath[] = "@vpp-punt-libmemif";

/// A handshake is one message each way at a time; the library needs a round or two for each.
constexpr int kMaxRounds = 16;

UniqueFd MakeSocket() {
  return UniqueFd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

/// Makes `listener` listen under a name that the kernel chooses, and connects to it. Invalid on failure.
UniqueFd ConnectTo(int listener) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  socklen_t length = sizeof(sa_family_t);
  UniqueFd fresh = MakeSocket();
  UniqueFd ours = MakeSocket();
  const bool connected =
      bind(fresh.get(), reinterpret_cast<sockaddr*>(&address), length) == 0 &&
      getsockname(fresh.get(), reinterpret_cast<sockaddr*>(&address), &(length = sizeof address)) == 0 &&
      listen(fresh.get(), 1) == 0 && dup2(fresh.get(), listener) >= 0 &&
      connect(ours.get(), reinterpret_cast<sockaddr*>(&address), length) == 0;
  return connected ? std::move(ours) : UniqueFd();
}

/// Whether this process is at the other end.
bool IsOurs(int fd) {
  ucred peer = {};
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == getpid();
}

}  // namespace

std::unique_ptr<ControlSocket> ControlSocket::Open(const std::shared_ptr<ControlLoop>& loop,
                                                   const Settings& settings, OpenError* error) {
  auto socket = std::make_unique<ControlSocket>(loop, settings.role);
  return socket->Create(settings, error) ? std::move(socket) : nullptr;
}

bool ControlSocket::Create(const Settings& settings, OpenError* error) {
  const bool server = role_ == Role::kServer;
  const std::string path = server ? kNoPath : settings.socket;
  memif_socket_args_t args = {};
  memcpy(args.path, path.data(), std::min(path.size(), sizeof(args.path) - 1));
  strncpy(args.app_name, memif::kProgramName, sizeof(args.app_name) - 1);
  args.on_control_fd_update = OnFd;
  if (!server) {
    args.connection_request_timer.it_value.tv_nsec = kFirstAttemptNs;
    args.connection_request_timer.it_interval = {settings.reconnect_ms / 1000,
                                                 settings.reconnect_ms % 1000 * 1'000'000L};
  }
  const int failure = memif_create_socket(&handle_, &args, this);
  if (failure != MEMIF_ERR_SUCCESS) {
    *error = {EIO, std::string("libmemif: ") + memif_strerror(failure)};
    return false;
  }
  if (server) memif_set_listener_fd(handle_, listener_ = MakeSocket().Release());
  return true;
}

ControlSocket::~ControlSocket() {
  Leave();
  const std::map<int, void*> left = contexts_;
  if (role_ == Role::kClient) {
    for (const auto& [fd, context] : left) loop_->Unwatch(fd);
  }
  if (handle_ == nullptr) return;
  // The library forgets to close them.
  memif_delete_socket(&handle_);
  if (listener_ >= 0) close(listener_);
  for (const auto& [fd, context] : left) {
    if (fd != listener_) close(fd);
  }
}

/// Gives the library a connection whose other end is ours.
std::string ControlSocket::Enter() {
  UniqueFd ours = ConnectTo(listener_);
  if (!ours) return std::string("libmemif cannot be reached: ") + strerror(errno);
  channel_.emplace(std::move(ours));
  Pump();
  // Nobody else: the name was there for anybody to find for an instant.
  dup2(MakeSocket().get(), listener_);
  for (const auto& [fd, context] : contexts_) {
    if (fd != listener_ && !IsOurs(fd)) return "libmemif has been reached by another process";
  }
  return "";
}

std::string ControlSocket::Introduce(const Settings& settings, const memif::Link& link) {
  memif_msg_t hello;
  UniqueFd none;
  std::string fault = Enter();
  if (!fault.empty()) return fault;
  if (channel_->Receive(&hello, &none) != Received::kMessage) return "libmemif says nothing";
  Settings client = settings;
  client.name = link.peer_interface;
  for (const memif::Outgoing& next : memif::ClientMessages(client, link, link.peer_name)) {
    fault = Say(next);
    if (!fault.empty()) return fault;
  }
  return "";
}

/// One message to the library, and its answer.
std::string ControlSocket::Say(const memif::Outgoing& next) {
  if (!channel_->Send(next.message, next.passed)) return "libmemif does not listen";
  Pump();
  memif_msg_t answer;
  UniqueFd none;
  if (channel_->Receive(&answer, &none) != Received::kMessage) return "refused by libmemif";
  if (answer.type != static_cast<uint16_t>(MsgType::kDisconnect)) return "";
  return "libmemif: " + memif::GetText(answer.disconnect.string, sizeof answer.disconnect.string);
}

void ControlSocket::Leave() {
  if (!channel_) return;
  channel_.reset();
  Pump();
}

void ControlSocket::Pump() {
  for (int i = 0; i < kMaxRounds && PumpOnce(); i++) continue;
}

/// False when there is nothing for the library to read.
bool ControlSocket::PumpOnce() {
  std::unique_lock lock(*mutex_);
  std::vector<pollfd> fds;
  for (const auto& [fd, context] : contexts_) fds.push_back({fd, POLLIN, 0});
  if (poll(fds.data(), fds.size(), 0) <= 0) return false;
  bool any = false;
  for (const pollfd& ready : fds) {
    auto found = contexts_.find(ready.fd);  // gone, if the library has closed it meanwhile
    if ((ready.revents & POLLIN) == 0 || found == contexts_.end()) continue;
    memif_control_fd_handler(found->second, MEMIF_FD_EVENT_READ);
    any = true;
  }
  return any;
}

int ControlSocket::OnFd(memif_fd_event_t event, void* data) {
  auto* self = static_cast<ControlSocket*>(data);
  const bool watch = self->role_ == Role::kClient;
  if ((event.type & MEMIF_FD_EVENT_DEL) != 0) {
    if (self->contexts_.erase(event.fd) > 0 && watch) self->loop_->Unwatch(event.fd);
    return 0;
  }
  self->contexts_[event.fd] = event.private_ctx;
  if (!watch) return 0;
  self->loop_->Watch(event.fd, [self, context = event.private_ctx] {
    std::unique_lock lock(*self->mutex_);
    memif_control_fd_handler(context, MEMIF_FD_EVENT_READ);
  });
  return 0;
}

}  // namespace vpp_punt::libmemif
