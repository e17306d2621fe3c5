#include "memif/control/session.h"

#include <cerrno>
#include <cstring>

namespace vpp_punt::memif {

/// A handshake is about 40 short messages over a local socket; a peer that takes longer is stuck or hostile.
constexpr uint32_t kHandshakeTimeoutMs = 5000;

Session::Session(ControlLoop& loop, UniqueFd fd, std::unique_ptr<Handshake> handshake, Callbacks callbacks)
    : loop_(loop),
      channel_(std::move(fd)),
      handshake_(std::move(handshake)),
      callbacks_(std::move(callbacks)) {}

void Session::Start() {
  std::weak_ptr<Session> weak = weak_from_this();
  const bool watching = loop_.Watch(channel_.fd(), [weak] {
    if (auto self = weak.lock()) self->OnReadable();
  });
  if (!watching)
    return Close({Ending::By::kSelf, "control socket cannot be watched: " + WhyNotWatched(errno)});
  timeout_ = loop_.After(kHandshakeTimeoutMs, [weak] {
    if (auto self = weak.lock()) self->Close({Ending::By::kViolation, "handshake timed out"});
  });
}

void Session::OnReadable() {
  // A few messages at a time: other connections wait on the same thread.
  for (int i = 0; i < 16 && !ended_; i++) {
    memif_msg_t message;
    UniqueFd passed;
    switch (channel_.Receive(&message, &passed)) {
      case Received::kMessage:
        if (!OnMessage(message, std::move(passed))) return;
        break;
      case Received::kMalformed:
        return Close({Ending::By::kViolation, "malformed control message"});
      case Received::kLostDescriptor:
        return Close({Ending::By::kSelf, "no descriptor to spare for the peer's memory or doorbell"});
      case Received::kClosed:
        return Finish({Ending::By::kPeer, "connection closed by peer"});
      case Received::kNothing:
        return;
    }
  }
}

bool Session::OnMessage(const memif_msg_t& message, UniqueFd passed) {
  MsgType type = static_cast<MsgType>(message.type);
  if (type == MsgType::kDisconnect) {
    Finish({Ending::By::kPeer, GetText(message.disconnect.string, sizeof message.disconnect.string)});
    return false;
  }
  if (link_ && type == MsgType::kAck) return true;
  Fault fault = link_ ? "unexpected message type " + std::to_string(message.type) + " while connected"
                      : handshake_->OnMessage(message, std::move(passed), channel_);
  if (!fault && !link_ && handshake_->complete()) {
    BringUp();
    if (!ended_) fault = handshake_->Confirm(channel_);
  }
  if (fault) Fail(fault);
  return !ended_;
}

void Session::BringUp() {
  loop_.Cancel(timeout_);
  link_ = handshake_->link();
  std::weak_ptr<Session> weak = weak_from_this();
  std::weak_ptr<Link> weak_link = link_;
  // The data path runs on any thread; only the control thread ends a session.
  link_->on_failure = [weak, weak_link, weak_loop = loop_.weak_from_this()] {
    auto loop = weak_loop.lock();
    if (!loop) return;
    loop->Post([weak, weak_link] {
      auto self = weak.lock();
      auto link = weak_link.lock();
      if (self && link) self->Fail(link->failure());
    });
  };
  callbacks_.up(link_);
}

void Session::Fail(const Fault& fault) {
  Close({fault.ours ? Ending::By::kSelf : Ending::By::kViolation, fault.reason});
}

void Session::Close(const Ending& ending) {
  if (ended_) return;
  if (handshake_->CanDisconnect()) channel_.SendDisconnect(ending.reason);
  channel_.Discard();
  Finish(ending);
}

void Session::Finish(const Ending& ending) {
  if (ended_) return;
  ended_ = true;
  auto self = shared_from_this();  // `down` may drop the owner's reference to this
  loop_.Cancel(timeout_);
  loop_.Unwatch(channel_.fd());
  callbacks_.down(ending, link_ != nullptr);
  callbacks_ = {};
}

}  // namespace vpp_punt::memif
