// One client of VPP through libvapiclient: messages as bytes. What the library gets wrong is kept in here.
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

class Library {
 public:
  /// Registers as a client; null with `failure` when VPP does not take it. Waits up to 10 s for VPP's answer,
  /// and in shared memory for a client before it that is leaving.
  static std::unique_ptr<Library> Connect(const Endpoint& endpoint, const std::string& name,
                                          Failure* failure);
  /// Takes leave of VPP. Waits up to 2 s for its answer.
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  /// As it stands in messages.
  uint32_t client_index() const;
  /// The id of "show_version_51077d14"; -1 if VPP has no such message. From any thread.
  int Lookup(const std::string& key) const;

  /// kAgain: VPP has no room now.
  Result Send(const uint8_t* message, size_t size);

  /// Waits for a message, up to a second (kAgain). Keepalives are answered in here. From one thread, another
  /// than Send's.
  Result Receive(std::vector<uint8_t>* message);
  /// Ends a Receive that waits.
  void WakeReceiver();

  /// Its event comes when VPP dies: a pidfd or the API socket; fd -1 where nothing tells.
  pollfd death() const;
  /// In socket mode: VPP is gone, and a Receive that is in the middle of a message would try for ever.
  void SeverSocket();

 private:
  Library(vapi_ctx_s* context, Mode mode);
  static std::unique_ptr<Library> ConnectAlone(const Endpoint& endpoint, const std::string& name,
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
