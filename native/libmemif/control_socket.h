// A libmemif socket on the control thread, shared by the ports of one path, and the lock between that thread
// and the queues: libmemif itself has none.
#pragma once

#include <memory>
#include <set>
#include <shared_mutex>
#include <string>

#include "memif/control_loop.h"
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

class ControlSocket : public std::enable_shared_from_this<ControlSocket> {
 public:
  /// On the control thread. The one of that path and role, or a new one; null with `error`.
  static std::shared_ptr<ControlSocket> Get(const std::shared_ptr<ControlLoop>& loop,
                                            const Settings& settings, OpenError* error);
  ControlSocket(std::shared_ptr<ControlLoop> loop, const Settings& settings);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  memif_socket_handle_t handle() const { return handle_; }
  /// Held shared by a queue that is in libmemif, alone by the control thread.
  const std::shared_ptr<std::shared_mutex>& mutex() const { return mutex_; }
  /// False when the id is taken.
  bool Take(uint32_t id) { return ids_.insert(id).second; }
  void GiveBack(uint32_t id) { ids_.erase(id); }

 private:
  bool Open(const Settings& settings, OpenError* error);
  bool Listen(const Settings& settings, OpenError* error);
  static int OnFd(memif_fd_event_t event, void* self);

  std::shared_ptr<ControlLoop> loop_;
  const std::string path_;
  const Role role_;
  memif_socket_handle_t handle_ = nullptr;
  const std::shared_ptr<std::shared_mutex> mutex_ = std::make_shared<std::shared_mutex>();
  std::set<uint32_t> ids_;
  std::set<int> watched_;
  bool bound_ = false;
};

}  // namespace vpp_punt::libmemif
