#include "memif/control/listener.h"

#include <algorithm>
#include <cerrno>

#include "memif/control/address.h"

namespace vpp_punt::memif {

/// Connections that have not said which interface they want; more at a time are turned away.
constexpr size_t kMaxPending = 64;

static std::map<std::string, std::weak_ptr<Listener>>& Listeners() {
  static std::map<std::string, std::weak_ptr<Listener>> listeners;  // by path; control thread only
  return listeners;
}

std::shared_ptr<Listener> Listener::Get(ControlLoop& loop, const Settings& settings, OpenError* error) {
  std::weak_ptr<Listener>& known = Listeners()[settings.socket];
  if (auto listener = known.lock()) return listener;
  auto listener = std::make_shared<Listener>(loop, settings.socket);
  if (!listener->Open(settings, error)) return nullptr;
  known = listener;
  return listener;
}

/// Whether a path is taken by what is no socket.
static bool IsOtherFile(const Address& address) {
  struct stat status;
  return !address.abstract && lstat(address.address.sun_path, &status) == 0 && !S_ISSOCK(status.st_mode);
}

/// Whether nobody listens on a socket file any more.
static bool IsStale(const Address& address) {
  UniqueFd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return connect(probe.get(), address.get(), address.length) < 0 && errno == ECONNREFUSED;
}

bool Listener::Bind(UniqueFd& fd, OpenError* error) {
  Address address(path_);
  if (bind(fd.get(), address.get(), address.length) == 0) return true;
  int cause = errno;
  if (cause == EADDRINUSE && IsOtherFile(address)) {
    *error = {EEXIST, "socket " + path_ + ": something other than a socket is there, and stays"};
    return false;
  }
  if (cause == EADDRINUSE && !address.abstract && IsStale(address)) {
    unlink(path_.c_str());
    if (bind(fd.get(), address.get(), address.length) == 0) return true;
    cause = errno;
  }
  *error = {cause, cause == EADDRINUSE ? "socket " + path_ + " is in use by another server"
                                       : "cannot bind " + path_};
  return false;
}

bool Listener::Open(const Settings& settings, OpenError* error) {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!Bind(fd, error)) return false;
  // Before listen, so that nobody connects under the wrong mode.
  bool file = path_[0] != '@';
  if (file && settings.socket_mode >= 0) chmod(path_.c_str(), static_cast<mode_t>(settings.socket_mode));
  if (file) lstat(path_.c_str(), &file_);
  listen(fd.get(), 128);
  fd_ = std::move(fd);
  loop_.Watch(fd_.get(), [this] { OnConnection(); });
  return true;
}

Listener::~Listener() {
  auto pending = std::move(pending_);
  for (const auto& session : pending) session->Close({Ending::By::kSelf, "server closed"});
  if (!fd_) return;
  loop_.Unwatch(fd_.get());
  struct stat now;
  bool ours = path_[0] != '@' && lstat(path_.c_str(), &now) == 0 && now.st_ino == file_.st_ino &&
              now.st_dev == file_.st_dev;
  if (ours) unlink(path_.c_str());
}

bool Listener::Add(ServerInterface* interface) {
  return interfaces_.emplace(interface->settings->id, interface).second;
}

void Listener::Remove(ServerInterface* interface) {
  interfaces_.erase(interface->settings->id);
  std::shared_ptr<Session> session = std::move(interface->session);
  if (session) session->Close({Ending::By::kSelf, "interface closed"});
}

void Listener::OnConnection() {
  for (int i = 0; i < 16; i++) {
    UniqueFd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    if (pending_.size() < kMaxPending) Adopt(std::move(fd));
  }
}

void Listener::Adopt(UniqueFd fd) {
  auto holder = std::make_shared<std::weak_ptr<Session>>();
  auto claim = [this, holder](uint32_t id, std::string* fault) { return Claim(id, holder->lock(), fault); };
  auto accept = [this, holder](Link& link) {
    ServerInterface* interface = InterfaceOf(holder->lock().get());
    return interface != nullptr && interface->accept ? interface->accept(link) : "";
  };
  Session::Callbacks callbacks;
  callbacks.up = [this, holder](const std::shared_ptr<Link>& link) {
    if (ServerInterface* interface = InterfaceOf(holder->lock().get())) interface->callbacks.up(link);
  };
  callbacks.down = [this, holder](const Ending& ending, bool was_up) {
    OnDown(holder->lock().get(), ending, was_up);
  };
  auto session = std::make_shared<Session>(
      loop_, std::move(fd), std::make_unique<ServerHandshake>(claim, accept), std::move(callbacks));
  *holder = session;
  uint16_t rx_queues = 1, tx_queues = 1;
  for (const auto& [id, interface] : interfaces_) {
    rx_queues = std::max(rx_queues, interface->settings->rx_queues);
    tx_queues = std::max(tx_queues, interface->settings->tx_queues);
  }
  if (!ServerHandshake::SendHello(session->channel(), rx_queues, tx_queues)) return;
  pending_.insert(session);
  session->Start();
}

const Settings* Listener::Claim(uint32_t id, const std::shared_ptr<Session>& session, std::string* fault) {
  auto found = interfaces_.find(id);
  if (found == interfaces_.end()) {
    *fault = "unmatched interface id " + std::to_string(id);
  } else if (found->second->session) {
    *fault = "already connected";
  } else {
    found->second->session = session;
    pending_.erase(session);
    return found->second->settings;
  }
  return nullptr;
}

ServerInterface* Listener::InterfaceOf(Session* session) {
  for (const auto& [id, interface] : interfaces_) {
    if (interface->session.get() == session) return interface;
  }
  return nullptr;
}

void Listener::OnDown(Session* session, const Ending& ending, bool was_up) {
  auto keep = weak_from_this().lock();  // null while the listener itself closes
  auto owned = session->shared_from_this();
  pending_.erase(owned);
  if (ServerInterface* interface = InterfaceOf(session)) {
    interface->session.reset();
    return interface->callbacks.down(ending, was_up);
  }
  // Nobody's yet: every interface of the socket hears of it, for any of them may have been meant. A peer that
  // came and went without a word (a look whether the socket is alive) is no event.
  if (ending.by != Ending::By::kViolation) return;
  for (const auto& [id, interface] : interfaces_) interface->callbacks.down(ending, false);
}

}  // namespace vpp_punt::memif
