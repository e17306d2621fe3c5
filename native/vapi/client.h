// One client of VPP through libvapiclient: messages as bytes. Works around the faults of the library.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "util/unique_fd.h"

struct vapi_ctx_s;

namespace vpp_punt::vapi {

enum class Mode { kSharedMemory, kSocket };

struct Endpoint {
  Mode mode = Mode::kSharedMemory;
  std::string path;  // of the API socket, or the prefix of the shared-memory files
};

struct Failure {
  std::string code;
  std::string message;
};

enum class Result { kDone, kAgain, kLost, kBadFrame };

class Client {
 public:
  /// Registers as a client; null with `failure` when VPP refuses. Waits up to 10 s for VPP's answer, and in
  /// shared memory until an earlier client has left.
  static std::unique_ptr<Client> Connect(const Endpoint& endpoint, const std::string& name, Failure* failure);
  /// Unregisters. Waits up to 2 s for VPP's answer.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// As messages carry it.
  uint32_t client_index() const;
  /// The id of "show_version_51077d14"; -1 if VPP has no such message. From any thread.
  int Lookup(const std::string& key) const;

  /// kAgain: VPP has no room now.
  Result Send(const uint8_t* message, size_t size);

  /// Waits up to a second for a message (kAgain: none came). Answers keepalives itself. One thread receives,
  /// another sends.
  Result Receive(std::vector<uint8_t>* message);
  /// Ends a Receive that waits. The library of a VPP before 23.02 can't: there the wait ends within its
  /// second.
  void WakeReceiver();

  /// Has an event when VPP dies: a pidfd or the API socket; fd -1 when there is no such descriptor.
  pollfd death() const;
  /// In socket mode, after VPP's death: a Receive in the middle of a message would never return.
  void SeverSocket();

 private:
  Client(vapi_ctx_s* context, Mode mode);
  static std::unique_ptr<Client> ConnectAlone(const Endpoint& endpoint, const std::string& name,
                                              Failure* failure);
  Result ReceiveFromSocket(std::vector<uint8_t>* message);
  Result ReceiveFromMemory(std::vector<uint8_t>* message);
  Result Take(void* message, size_t size, std::vector<uint8_t>* into);
  Result Lost(Result why = Result::kLost);
  void EndSocket();
  bool VppIsDead() const;

  vapi_ctx_s* context_;
  const Mode mode_;
  UniqueFd wake_;
  UniqueFd death_;
  int socket_ = -1;  // the library's
  std::atomic<bool> lost_{false};
};

}  // namespace vpp_punt::vapi
