// A libmemif socket on the control thread, and the lock between that thread and the queues: libmemif itself
// has none. A server's is not open to anybody: the library takes its peer's word, so the builtin engine's
// listener speaks with the peers, and what it has found good is said again to the library, from here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "memif/channel.h"
#include "memif/control_loop.h"
#include "memif/link.h"
#include "memif/listener.h"
#include "memif/settings.h"

extern "C" {
#include <libmemif.h>
}

namespace vpp_punt::libmemif {

using memif::ControlLoop;
using memif::OpenError;
using memif::Role;
using memif::Settings;

class ControlSocket {
 public:
  /// On the control thread. Null with `error`.
  static std::unique_ptr<ControlSocket> Open(const std::shared_ptr<ControlLoop>& loop,
                                             const Settings& settings, OpenError* error);
  ControlSocket(std::shared_ptr<ControlLoop> loop, Role role) : loop_(std::move(loop)), role_(role) {}
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  memif_socket_handle_t handle() const { return handle_; }
  /// Held shared by a queue that is in libmemif, alone by the control thread.
  const std::shared_ptr<std::shared_mutex>& mutex() const { return mutex_; }

  /// As server: connects the library to a client whose handshake is good. What it has against it, or "".
  std::string Introduce(const Settings& settings, const memif::Link& link);
  /// As server: tells the library that its client has gone.
  void Leave();

 private:
  bool Create(const Settings& settings, OpenError* error);
  std::string Enter();
  std::string Say(const memif::Outgoing& next);
  void Pump();
  bool PumpOnce();
  static int OnFd(memif_fd_event_t event, void* self);

  std::shared_ptr<ControlLoop> loop_;
  const Role role_;
  memif_socket_handle_t handle_ = nullptr;
  const std::shared_ptr<std::shared_mutex> mutex_ = std::make_shared<std::shared_mutex>();
  std::map<int, void*> contexts_;  // what the library wants to read from
  int listener_ = -1;              // as server; listens only while we connect
  std::optional<memif::Channel> channel_;
};

}  // namespace vpp_punt::libmemif
