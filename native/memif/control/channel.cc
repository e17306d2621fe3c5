#include "memif/control/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "util/passing.h"

namespace vpp_punt::memif {

memif_msg_t MakeMessage(MsgType type) {
  memif_msg_t message;
  memset(&message, 0, sizeof message);
  message.type = static_cast<uint16_t>(type);
  return message;
}

void PutText(uint8_t* field, size_t size, std::string_view text) {
  size_t length = std::min(text.size(), size - 1);
  memcpy(field, text.data(), length);
  memset(field + length, 0, size - length);
}

std::string GetText(const uint8_t* field, size_t size) {
  std::string text(reinterpret_cast<const char*>(field), strnlen(reinterpret_cast<const char*>(field), size));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

bool Channel::Send(const memif_msg_t& message, int passed) {
  memif_msg_t copy = message;
  iovec part = {&copy, sizeof copy};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (passed >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &passed, sizeof passed);
  }
  return sendmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof copy);
}

bool Channel::SendAck() {
  return Send(MakeMessage(MsgType::kAck));
}

bool Channel::SendDisconnect(std::string_view reason) {
  memif_msg_t message = MakeMessage(MsgType::kDisconnect);
  PutText(message.disconnect.string, kDisconnectTextSize, reason);
  return Send(message);
}

Received Channel::Receive(memif_msg_t* message, UniqueFd* passed) {
  iovec part = {message, sizeof *message};
  PassedRoom room;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = room.bytes;
  header.msg_controllen = sizeof room.bytes;
  passed->Reset();
  ssize_t size = recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  // A reset hides the peer's messages before it: a last DISCONNECT is still in the queue and comes with the
  // next call.
  if (size < 0 && errno == ECONNRESET) size = recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Received::kNothing : Received::kClosed;
  std::vector<UniqueFd> all = PassedBeside(&header);
  if (!all.empty()) *passed = std::move(all.front());
  if (size == 0) return Received::kClosed;
  if (size != sizeof *message || (header.msg_flags & MSG_TRUNC) != 0) return Received::kMalformed;
  const bool lost = (header.msg_flags & MSG_CTRUNC) != 0 && !*passed;
  return lost ? Received::kLostDescriptor : Received::kMessage;
}

void Channel::Discard() {
  memif_msg_t message;
  UniqueFd passed;
  // Bounded: a peer that writes as fast as we read must not keep us here.
  for (int i = 0; i < 1024; i++) {
    Received got = Receive(&message, &passed);
    if (got == Received::kNothing || got == Received::kClosed) return;
  }
}

}  // namespace vpp_punt::memif
