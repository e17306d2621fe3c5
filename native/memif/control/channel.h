// The control socket of a connection: 128-byte messages, file descriptors beside them.
#pragma once

#include <string>
#include <string_view>

#include "memif/shared/wire.h"
#include "util/hang_up.h"
#include "util/unique_fd.h"

namespace vpp_punt::memif {

/// kLostDescriptor: a message whose descriptor this process had no number for (EMFILE).
enum class Received { kMessage, kNothing, kClosed, kMalformed, kLostDescriptor };

class Channel {
 public:
  explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}
  ~Channel() { HangUp(std::move(fd_)); }

  int fd() const { return fd_.get(); }

  /// Sends a message, with descriptor `passed` beside it unless that is -1. Returns false if the peer is gone
  /// or does not read.
  bool Send(const memif_msg_t& message, int passed = -1);
  bool SendAck();
  bool SendDisconnect(std::string_view reason);

  /// Takes the next message and the first descriptor beside it. Further descriptors are closed.
  Received Receive(memif_msg_t* message, UniqueFd* passed);

  /// Reads away the queued messages: closing a socket with unread messages would reset it before the peer has
  /// read our DISCONNECT.
  void Discard();

 private:
  UniqueFd fd_;
};

/// A message of that type; all other bytes are zero.
memif_msg_t MakeMessage(MsgType type);

/// Text into a fixed field: cut to fit, always NUL-terminated.
void PutText(uint8_t* field, size_t size, std::string_view text);

/// Text out of a fixed field: up to its first NUL, or all of it. Characters other than printable ASCII are
/// replaced, because the text goes to logs.
std::string GetText(const uint8_t* field, size_t size);

}  // namespace vpp_punt::memif
