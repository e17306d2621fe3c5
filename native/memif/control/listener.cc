#include "memif/control/listener.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "util/hang_up.h"

namespace vpp_punt::memif {

namespace {

/// Most connections at a time that have not said which interface they want. Further ones are turned away.
constexpr size_t kMaxPending = 64;

/// Clients that wait to be accepted.
constexpr int kBacklog = 128;

/// How long a server without a descriptor to spare leaves its clients in the queue, where they wait and cost
/// nothing.
constexpr uint32_t kRestMs = 100;

std::map<std::string, std::weak_ptr<Listener>>& Listeners() {
  // By path, for the control thread only, which may run until the very end of the process.
  static auto& listeners = *new std::map<std::string, std::weak_ptr<Listener>>();
  return listeners;
}

/// Whether accept() failed because this process or the system is short of something.
bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

std::shared_ptr<Listener> Listener::Get(ControlLoop& loop, const Settings& settings, SystemError* error) {
  std::weak_ptr<Listener>& known = Listeners()[settings.socket];
  if (auto listener = known.lock()) return listener;
  auto listener = std::make_shared<Listener>(loop, settings.socket);
  if (!listener->Open(settings, error)) return nullptr;
  known = listener;
  return listener;
}

bool Listener::Open(const Settings& settings, SystemError* error) {
  fd_.Reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) {
    *error = {errno, "socket " + path_};
    return false;
  }
  BindOptions options;
  options.backlog = kBacklog;
  if (settings.socket_mode >= 0) options.mode = static_cast<mode_t>(settings.socket_mode);
  *error = file_.Bind(fd_.get(), path_, options);
  if (!*error && !Watch()) *error = {errno, "socket " + path_};
  return !*error;
}

bool Listener::Watch() {
  return loop_.Watch(fd_.get(), [this] { OnConnection(); });
}

Listener::~Listener() {
  loop_.Cancel(rest_);
  Listeners().erase(path_);
  auto pending = std::move(pending_);
  for (const auto& session : pending) session->Close({Ending::By::kSelf, "server closed"});
  if (fd_) loop_.Unwatch(fd_.get());
  file_.Remove();
  HangUpListener(std::move(fd_));
}

bool Listener::Add(ServerInterface* interface) {
  return interfaces_.emplace(interface->settings->id, interface).second;
}

void Listener::Remove(ServerInterface* interface) {
  // The session first: its end is reported to the interface, which must still be known.
  if (std::shared_ptr<Session> session = interface->session)
    session->Close({Ending::By::kSelf, "interface closed"});
  interfaces_.erase(interface->settings->id);
}

void Listener::OnConnection() {
  for (int i = 0; i < 16; i++) {
    UniqueFd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd && IsShortage(errno)) return Rest(errno);
    if (!fd && errno == EAGAIN) return;
    if (!fd) continue;  // the client has gone already
    short_ = false;
    if (pending_.size() < kMaxPending) {
      Adopt(std::move(fd));
    } else {
      HangUp(std::move(fd));
    }
  }
}

/// Accepts no client for a while: a waiting client would wake the loop again and again.
void Listener::Rest(int cause) {
  loop_.Unwatch(fd_.get());
  rest_ = loop_.After(kRestMs, [this] {
    if (!Watch()) Rest(errno);
  });
  if (std::exchange(short_, true)) return;
  const Ending ending = {Ending::By::kSelf, std::string("cannot accept a client: ") + strerror(cause)};
  for (const auto& [id, interface] : interfaces_) interface->callbacks.down(ending, false);
}

void Listener::Adopt(UniqueFd fd) {
  auto holder = std::make_shared<std::weak_ptr<Session>>();
  auto reserve = [this, holder](uint32_t id, std::string* fault) {
    return Reserve(id, holder->lock(), fault);
  };
  auto accept = [this, holder](Link& link) {
    ServerInterface* interface = InterfaceOf(holder->lock().get());
    return interface != nullptr && interface->accept ? interface->accept(link) : Fault();
  };
  Session::Callbacks callbacks;
  callbacks.up = [this, holder](const std::shared_ptr<Link>& link) {
    if (ServerInterface* interface = InterfaceOf(holder->lock().get())) interface->callbacks.up(link);
  };
  callbacks.down = [this, holder](const Ending& ending, bool was_up) {
    OnDown(holder->lock().get(), ending, was_up);
  };
  auto session = std::make_shared<Session>(
      loop_, std::move(fd), std::make_unique<ServerHandshake>(reserve, accept), std::move(callbacks));
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

const Settings* Listener::Reserve(uint32_t id, const std::shared_ptr<Session>& session, std::string* fault) {
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
  const auto keep = weak_from_this().lock();  // null while the listener itself closes
  auto owned = session->shared_from_this();
  pending_.erase(owned);
  if (ServerInterface* interface = InterfaceOf(session)) {
    interface->session.reset();
    return interface->callbacks.down(ending, was_up);
  }
  // The session has no interface yet: every interface of the socket gets the event, because any of them may
  // have been meant. A peer that came and went without a message only looked whether the socket is alive.
  if (ending.by == Ending::By::kPeer) return;
  for (const auto& [id, interface] : interfaces_) interface->callbacks.down(ending, false);
}

}  // namespace vpp_punt::memif
