#include "memif/control/connector.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "util/hang_up.h"
#include "util/unix_address.h"

namespace vpp_punt::memif {

/// First pause between two attempts; doubled each time, up to the setting.
constexpr uint32_t kFirstDelayMs = 20;

Connector::~Connector() {
  closing_ = true;
  loop_.Cancel(timer_);
  if (session_) session_->Close({Ending::By::kSelf, "interface closed"});
}

/// Returns the connected socket, or none. A failure is reported, unless the server is absent or busy.
UniqueFd Connector::Connect() {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool made = static_cast<bool>(fd);
  const UnixAddress address(settings_.socket);
  if (made && connect(fd.get(), address.get(), address.size()) == 0) return fd;
  const int cause = errno;
  const bool absent = cause == ENOENT || cause == ECONNREFUSED || cause == EAGAIN;
  const std::string reason = "cannot connect to " + settings_.socket + ": " + strerror(cause);
  if (!absent) callbacks_.down({made ? Ending::By::kPeer : Ending::By::kSelf, reason}, false);
  return {};
}

void Connector::Attempt() {
  UniqueFd fd = Connect();
  if (!fd) return Retry();
  Begin(std::move(fd));
}

void Connector::Adopt(UniqueFd fd) {
  if (session_) session_->Close({Ending::By::kSelf, "another control socket takes its place"});
  Begin(std::move(fd));
}

void Connector::UsePool(const std::shared_ptr<BufferPool>& pool) {
  if (pool_ == pool) return;
  pool_ = pool;
  delay_ms_ = 0;
  if (session_ && session_->HasMemory())
    session_->Close({Ending::By::kSelf, "the port changes to memory that it shares with another"});
}

void Connector::Begin(UniqueFd fd) {
  RefuseDescriptors(fd.get());  // a server passes none
  Session::Callbacks callbacks;
  callbacks.up = callbacks_.up;
  callbacks.down = [this](const Ending& ending, bool was_up) { OnDown(ending, was_up); };
  session_ = std::make_shared<Session>(loop_, std::move(fd),
                                       std::make_unique<ClientHandshake>(settings_, accept_, pool_),
                                       std::move(callbacks));
  session_->Start();
}

void Connector::Retry() {
  delay_ms_ = std::min(settings_.reconnect_ms, std::max(kFirstDelayMs, 2 * delay_ms_));
  timer_ = loop_.After(delay_ms_, [this] { Attempt(); });
}

void Connector::OnDown(const Ending& ending, bool was_up) {
  session_.reset();
  // Other reasons may end the next connection as soon as it is up.
  if (was_up && ending.by == Ending::By::kPeer) delay_ms_ = 0;
  callbacks_.down(ending, was_up);
  // Without a path the owner adopts the next socket.
  if (!closing_ && !settings_.socket.empty()) Retry();
}

}  // namespace vpp_punt::memif
