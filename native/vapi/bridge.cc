#include "vapi/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "util/error.h"

namespace vpp_punt::vapi {

namespace {

constexpr uint16_t kSockclntCreate = 15;
constexpr uint16_t kSockclntCreateReply = 16;
constexpr size_t kNameSize = 64;
constexpr size_t kReadSize = 1 << 16;
constexpr int kHangUpRound = 10;     // ms
constexpr int kPatientRounds = 100;  // hang-up rounds

/// Bytes of a message, integers in network order.
class Message {
 public:
  void U16(uint16_t value) {
    const uint16_t wire = htons(value);
    Bytes(&wire, sizeof(wire));
  }
  void U32(uint32_t value) {
    const uint32_t wire = htonl(value);
    Bytes(&wire, sizeof(wire));
  }
  void Name(const std::string& text) {
    char name[kNameSize] = {};
    text.copy(name, kNameSize - 1);
    Bytes(name, sizeof(name));
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  void Bytes(const void* data, size_t size) {
    const auto* start = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), start, start + size);
  }
  std::vector<uint8_t> bytes_;
};

uint32_t ReadU32(const uint8_t* at) {
  uint32_t wire;
  memcpy(&wire, at, sizeof(wire));
  return ntohl(wire);
}

uint16_t ReadU16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}

/// The first message in `bytes`; a null pointer while a part is missing.
struct Frame {
  const uint8_t* message = nullptr;
  size_t size = 0;
};

Frame FirstFrame(const uint8_t* bytes, size_t available) {
  if (available < kFrameHeader) return {};
  const size_t size = ReadU32(bytes + kFrameLengthAt);
  if (available < kFrameHeader + size) return {};
  return {bytes + kFrameHeader, size};
}

}  // namespace

Bridge::Bridge(Endpoint endpoint, std::vector<std::string> keys)
    : endpoint_(std::move(endpoint)), keys_(std::move(keys)) {}

Bridge::~Bridge() = default;

int Bridge::Start(std::function<void()> on_done) {
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return -errno;
  int pair[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) return -errno;
  UniqueFd theirs(pair[1]);
  ours_.Reset(pair[0]);
  outbox_ = std::make_unique<Outbox>(ours_.get());
  on_done_ = std::move(on_done);
  const int error = thread_.Start("vapi-bridge", [this] { Run(); });
  return error == 0 ? theirs.Release() : -error;
}

void Bridge::Stop() {
  stopping_ = true;
  eventfd_write(wake_.get(), 1);
}

Failure Bridge::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

int Bridge::Lookup(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return client_ ? client_->Lookup(key) : -1;
}

void Bridge::Fail(const Failure& failure) {
  const std::lock_guard lock(mutex_);
  if (failure_.code.empty()) failure_ = failure;
}

void Bridge::Run() {
  std::string name;
  if (AwaitHello(&name) && Connect(name)) Serve();
  // JavaScript hears of the end first: the farewell to a dead VPP takes time.
  shutdown(ours_.get(), SHUT_RDWR);
  std::unique_ptr<Client> leaving;
  {
    const std::lock_guard lock(mutex_);
    leaving = std::move(client_);
  }
  leaving.reset();
  on_done_();
}

void Bridge::Serve() {
  AnswerHello();
  Thread receiver;
  if (const int error = receiver.Start("vapi-receiver", [this] { ReceiveLoop(); })) {
    Fail({ErrnoName(error), endpoint_.path + ": no thread for VPP's messages: " + strerror(error)});
    return;
  }
  Forward();
  lost_ = true;
  client_->WakeReceiver();
  receiver.Join();
}

bool Bridge::AwaitHello(std::string* name) {
  Frame hello;
  while ((hello = FirstFrame(in_.data(), in_.size())).message == nullptr) {
    pollfd fds[] = {{ours_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    poll(fds, 2, -1);
    if (stopping_ || !ReadFrames()) return false;
  }
  // u16 id, u32 context, string[64] name
  if (hello.size < 6 + kNameSize || ReadU16(hello.message) != kSockclntCreate) {
    Fail({"ERR_BAD_HANDSHAKE", "the first message to VPP must be sockclnt_create"});
    return false;
  }
  const auto* text = reinterpret_cast<const char*>(hello.message + 6);
  name->assign(text, strnlen(text, kNameSize));
  in_.erase(in_.begin(), in_.begin() + static_cast<ptrdiff_t>(kFrameHeader + hello.size));
  return true;
}

bool Bridge::Connect(const std::string& name) {
  Failure failure;
  std::unique_ptr<Client> client = Client::Connect(endpoint_, name, &failure);
  if (client == nullptr) {
    Fail(failure);
    return false;
  }
  const std::lock_guard lock(mutex_);
  client_ = std::move(client);
  return true;
}

void Bridge::AnswerHello() {
  std::vector<std::pair<int, const std::string*>> found;
  for (const std::string& key : keys_) {
    const int id = client_->Lookup(key);
    if (id >= 0) found.emplace_back(id, &key);
  }
  Message reply;
  reply.U16(kSockclntCreateReply);
  reply.U32(0);  // client_index, unused in a reply
  reply.U32(0);  // context
  reply.U32(0);  // response
  reply.U32(client_->client_index());
  reply.U16(static_cast<uint16_t>(found.size()));
  for (const auto& [id, key] : found) {
    reply.U16(static_cast<uint16_t>(id));
    reply.Name(*key);
  }
  outbox_->Push(reply.bytes().data(), reply.bytes().size());
}

Failure Bridge::FailureOf(Result result) const {
  if (result == Result::kBadFrame)
    return {"ERR_BAD_FRAME", endpoint_.path + ": VPP sent a frame of an impossible length"};
  return {"ERR_DISCONNECTED", endpoint_.path + ": the connection was lost: VPP closed it"};
}

void Bridge::ReceiveLoop() {
  std::vector<uint8_t> message;
  while (!lost_) {
    const Result result = client_->Receive(&message);
    if (lost_ || result == Result::kAgain) continue;
    if (result != Result::kDone) {
      Fail(FailureOf(result));
      lost_ = true;
    } else if (!outbox_->Push(message.data(), message.size())) {
      continue;
    }
    eventfd_write(wake_.get(), 1);
  }
}

bool Bridge::ReadFrames() {
  for (;;) {
    const size_t had = in_.size();
    in_.resize(had + kReadSize);
    const ssize_t size = recv(ours_.get(), in_.data() + had, kReadSize, MSG_DONTWAIT);
    in_.resize(had + static_cast<size_t>(size > 0 ? size : 0));
    if (size > 0) continue;
    return size < 0 && (errno == EAGAIN || errno == EINTR);
  }
}

Result Bridge::SendFrames() {
  size_t done = 0;
  Result result = Result::kDone;
  for (;;) {
    const Frame frame = FirstFrame(in_.data() + done, in_.size() - done);
    if (frame.message == nullptr) break;
    result = client_->Send(frame.message, frame.size);
    if (result != Result::kDone) break;
    done += kFrameHeader + frame.size;
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<ptrdiff_t>(done));
  return result;
}

/// VPP has died. Messages that it sent before are still read from its socket; false when there are none.
bool Bridge::OnDeath() {
  if (endpoint_.mode == Mode::kSocket) {
    hung_up_ = true;
    return true;
  }
  Fail({"ERR_DISCONNECTED", endpoint_.path + ": the connection was lost: VPP has died"});
  return false;
}

/// How long to sleep, in ms.
int Bridge::Patience(Result sent) const {
  if (sent == Result::kAgain) return 1;  // VPP's queue has no bell for room in it
  return hung_up_ ? kHangUpRound : -1;
}

bool Bridge::Step(Result sent) {
  const short wanted =
      static_cast<short>((sent == Result::kDone ? POLLIN : 0) | (outbox_->pending() ? POLLOUT : 0));
  pollfd fds[] = {{open_ ? ours_.get() : -1, wanted, 0}, {wake_.get(), POLLIN, 0}, client_->death()};
  poll(fds, hung_up_ ? 2 : 3, Patience(sent));
  eventfd_t rings;
  if (fds[1].revents != 0) eventfd_read(wake_.get(), &rings);
  if ((fds[0].revents & POLLIN) != 0) open_ = ReadFrames();
  if ((fds[0].revents & (POLLHUP | POLLERR)) != 0) open_ = false;
  outbox_->Flush();
  // The receiver reaches the end of the stream by itself, unless the library waits there for the rest of a
  // message.
  if (hung_up_ && ++rounds_since_hang_up_ == kPatientRounds) client_->SeverSocket();
  return fds[2].revents == 0 || OnDeath();
}

void Bridge::Forward() {
  while (!stopping_ && !lost_) {
    const Result sent = SendFrames();
    if (sent == Result::kLost)
      return Fail({"ERR_DISCONNECTED", endpoint_.path + ": the connection was lost while sending"});
    if (!open_ && sent == Result::kDone) return;
    if (!Step(sent)) return;
    if (outbox_->overflown())
      return Fail(
          {"ENOBUFS", endpoint_.path + ": 256 MB of messages wait for a program that does not read them"});
  }
}

}  // namespace vpp_punt::vapi
