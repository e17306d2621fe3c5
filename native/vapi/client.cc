#include "vapi/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "backends.h"
#include "util/error.h"
#include "util/unix_address.h"
#include "vapi/outbox.h"
#include "vapi/shared_memory.h"

extern "C" {
#include <vapi/vapi.h>
#include <vapi/vapi_internal.h>
// Exported by the library, declared in none of its headers.
u32 vapi_api_get_msg_index(vapi_ctx_t ctx, u8* name_and_crc);
}

namespace vpp_punt::vapi {

namespace {

constexpr int kQueueLength = 1024;
constexpr int kPidfdOpen = 434;  // pidfd_open, which glibc has from 2.36 on
constexpr timeval kSendPatience = {10, 0};

/// Lengths of a message. The library has 32 MB of memory, and makes some copies; VPP's largest answer, to
/// get_api_json, is 2 to 4 MB.
constexpr uint32_t kShortest = 2;
constexpr uint32_t kLongest = 8u << 20;

/// Requests that the library tracks itself. This client makes none; the library requires at least 1.
constexpr int kOwnRequests = 1;

std::string Where(const Endpoint& endpoint) {
  return endpoint.mode == Mode::kSocket ? endpoint.path : "shared memory " + endpoint.path;
}

Failure FailureOf(vapi_error_e error, const Endpoint& endpoint) {
  const std::string where = Where(endpoint);
  switch (error) {
    case VAPI_EMAP_FAIL:
      return {"ENOENT", where + ": no VPP has such an API segment, or this user may not map it"};
    case VAPI_EINCOMPATIBLE:
      return {"ERR_BAD_HANDSHAKE", where + ": this VPP has another control_ping"};
    default:
      return {"ECONNREFUSED",
              where + ": VPP does not answer (libvapiclient error " + std::to_string(error) + ")"};
  }
}

vapi_error_e ConnectContext(vapi_ctx_t context, const Endpoint& endpoint, const std::string& name) {
#if VPP_PUNT_HAS_VAPI_SOCKET
  const bool socket = endpoint.mode == Mode::kSocket;
  return vapi_connect_ex(context, name.c_str(), endpoint.path.c_str(), kOwnRequests, kQueueLength,
                         VAPI_MODE_NONBLOCKING, true, socket);
#else
  // JavaScript has refused the socket mode.
  return vapi_connect(context, name.c_str(), endpoint.path.c_str(), kOwnRequests, kQueueLength,
                      VAPI_MODE_NONBLOCKING, true);
#endif
}

/// Why connecting would fail: an errno value, or 0. The library would wait for 10 s and write to standard
/// error instead.
int Obstacle(const Endpoint& endpoint) {
  if (endpoint.mode == Mode::kSharedMemory) {
    const std::string prefix = endpoint.path.empty() ? "" : endpoint.path + "-";
    return access(("/dev/shm/" + prefix + "vpe-api").c_str(), R_OK | W_OK) == 0 ? 0 : errno;
  }
  if (!UnixAddress::Fits(endpoint.path)) return ENAMETOOLONG;
  const UnixAddress address(endpoint.path);
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return errno;
  return connect(probe.get(), address.get(), address.size()) == 0 ? 0 : errno;
}

/// The library keeps the mapping and the queues in globals of the process: it serves one shared-memory client
/// at a time.
class SharedMemoryPlace {
 public:
  /// False when another client has the place and does not leave.
  bool Take() {
    // A client that was closed leaves a moment later.
    constexpr std::chrono::seconds kPatience(1);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [this] { return state_ != State::kTaken; });
    if (state_ == State::kTaken) return false;
    // The farewell to a VPP that does not answer takes the library some seconds.
    changed_.wait(lock, [this] { return state_ == State::kFree; });
    state_ = State::kTaken;
    return true;
  }
  void Leave() { Set(State::kLeaving); }
  void Free() { Set(State::kFree); }

 private:
  enum class State { kFree, kTaken, kLeaving };

  void Set(State state) {
    std::lock_guard lock(mutex_);
    state_ = state;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kFree;
};

/// Never destroyed: threads that wait for it may outlive the end of the program.
SharedMemoryPlace& shared_memory = *new SharedMemoryPlace();

}  // namespace

std::unique_ptr<Client> Client::Connect(const Endpoint& endpoint, const std::string& name, Failure* failure) {
  const bool shared = endpoint.mode == Mode::kSharedMemory;
  if (shared && !shared_memory.Take()) {
    *failure = {"EBUSY",
                "libvapiclient takes one shared-memory client per process, and this one has it already"};
    return nullptr;
  }
  std::unique_ptr<Client> client = ConnectAlone(endpoint, name, failure);
  if (shared && client == nullptr) shared_memory.Free();
  return client;
}

std::unique_ptr<Client> Client::ConnectAlone(const Endpoint& endpoint, const std::string& name,
                                             Failure* failure) {
  if (const int obstacle = Obstacle(endpoint)) {
    *failure = {ErrnoName(obstacle), Where(endpoint) + ": " + strerror(obstacle)};
    return nullptr;
  }
  vapi_ctx_t context = nullptr;
  vapi_error_e error = vapi_ctx_alloc(&context);
  if (error == VAPI_OK) error = ConnectContext(context, endpoint, name);
  if (error != VAPI_OK) {
    *failure = FailureOf(error, endpoint);
    if (context != nullptr) vapi_ctx_free(context);
    return nullptr;
  }
  return std::unique_ptr<Client>(new Client(context, endpoint.mode));
}

Client::Client(vapi_ctx_s* context, Mode mode)
    : context_(context), mode_(mode), wake_(eventfd(0, EFD_CLOEXEC)) {
  if (mode == Mode::kSharedMemory) {
    vpp_punt_vapi_set_client(vapi_get_client_index(context_));
    // Fails when VPP runs in another pid namespace: then its death has no event.
    death_.Reset(static_cast<int>(syscall(kPidfdOpen, vpp_punt_vapi_vpp_pid(), 0)));
    return;
  }
  vapi_get_fd(context_, &socket_);
  fcntl(socket_, F_SETFD, FD_CLOEXEC);  // the library does not: child processes would inherit it
  // A VPP that hangs must not hang this client for good.
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kSendPatience, sizeof(kSendPatience));
}

pollfd Client::death() const {
  if (mode_ == Mode::kSocket) return {socket_, POLLRDHUP, 0};
  return {death_.get(), POLLIN, 0};
}

bool Client::VppIsDead() const {
  pollfd fd = {death_.get(), POLLIN, 0};
  return death_ && poll(&fd, 1, 0) == 1;
}

Client::~Client() {
  const bool shared = mode_ == Mode::kSharedMemory;
  if (shared) shared_memory.Leave();
  if (shared && VppIsDead()) vpp_punt_vapi_reset_dead_queue();
  if (lost_ && !shared) EndSocket();
  vapi_disconnect(context_);
  vapi_ctx_free(context_);
  if (shared) shared_memory.Free();
}

uint32_t Client::client_index() const {
  return ntohl(static_cast<uint32_t>(vapi_get_client_index(context_)));
}

int Client::Lookup(const std::string& key) const {
  std::string name = key;  // the library takes it as writable
  const u32 id = vapi_api_get_msg_index(context_, reinterpret_cast<u8*>(name.data()));
  return id == VAPI_INVALID_MSG_ID ? -1 : static_cast<int>(id);
}

Result Client::Send(const uint8_t* message, size_t size) {
  if (mode_ == Mode::kSocket) {
    // The library blocks where the socket is full.
    pollfd fd = {socket_, POLLOUT, 0};
    if (poll(&fd, 1, 0) != 1) return Result::kAgain;
  }
  void* copy = vapi_msg_alloc(context_, size);
  if (copy == nullptr) return Result::kAgain;
  memcpy(copy, message, size);
  const vapi_error_e error = vapi_send(context_, copy);
  if (error == VAPI_OK) return Result::kDone;
  vapi_msg_free(context_, copy);
  // On a socket, a part of the message may have gone out: nothing can follow it.
  return error == VAPI_EAGAIN && mode_ == Mode::kSharedMemory ? Result::kAgain : Result::kLost;
}

Result Client::Take(void* message, size_t size, std::vector<uint8_t>* into) {
  const auto* bytes = static_cast<const uint8_t*>(message);
  into->assign(bytes, bytes + size);
  vapi_msg_free(context_, message);
  return Result::kDone;
}

Result Client::Receive(std::vector<uint8_t>* message) {
  return mode_ == Mode::kSocket ? ReceiveFromSocket(message) : ReceiveFromMemory(message);
}

Result Client::ReceiveFromMemory(std::vector<uint8_t>* message) {
  void* data = nullptr;
  size_t size = 0;
  const vapi_error_e error = vapi_recv(context_, &data, &size, SVM_Q_TIMEDWAIT, 1);
  if (error == VAPI_OK) return Take(data, size, message);
  return error == VAPI_EAGAIN ? Result::kAgain : Result::kLost;
}

Result Client::Lost(Result why) {
  lost_ = true;
  return why;
}

Result Client::ReceiveFromSocket(std::vector<uint8_t>* message) {
  pollfd fds[] = {{socket_, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  if (poll(fds, 2, 1000) < 1 || fds[0].revents == 0) return Result::kAgain;
  // The library tries again at the end of the stream, unless the end comes before a message's first byte. It
  // forgets the first part of a header that comes in pieces. It believes any length, until memory runs out.
  uint8_t header[kFrameHeader];
  const ssize_t there = recv(socket_, header, sizeof(header), MSG_PEEK | MSG_DONTWAIT);
  if (there <= 0) return Lost();
  if (there < static_cast<ssize_t>(kFrameHeader)) {
    poll(nullptr, 0, 1);
    return Result::kAgain;
  }
  uint32_t length;
  memcpy(&length, header + kFrameLengthAt, sizeof(length));
  if (ntohl(length) < kShortest || ntohl(length) > kLongest) return Lost(Result::kBadFrame);
  void* data = nullptr;
  size_t size = 0;
  // Without a time to wait, the library forgets the first part of a message that comes in pieces, and reads
  // the rest as another message.
  constexpr u32 kSecondsForARest = 10;
  const vapi_error_e error = vapi_recv(context_, &data, &size, SVM_Q_TIMEDWAIT, kSecondsForARest);
  return error == VAPI_OK ? Take(data, size, message) : Lost();
}

void Client::WakeReceiver() {
  if (mode_ == Mode::kSharedMemory) {
#if VPP_PUNT_HAS_VAPI_WAKE
    vapi_stop_rx_thread(context_);
#endif
    return;
  }
  eventfd_write(wake_.get(), 1);
}

/// Shows the library a closed connection, which is true: it would wait for an answer to its farewell, or
/// write to standard error.
void Client::EndSocket() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return;
  dup2(pair[0], socket_);
  close(pair[0]);
  close(pair[1]);
}

void Client::SeverSocket() {
  // Reading an unconnected socket is an error, not an end of the stream: the library gives up at an error.
  UniqueFd dead(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (dead) dup2(dead.get(), socket_);
}

}  // namespace vpp_punt::vapi
