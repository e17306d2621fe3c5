// A client's side of the control socket: connects, and connects again while the port is open. Lives on the
// control thread.
#pragma once

#include <memory>

#include "memif/control/client_handshake.h"
#include "memif/control/loop.h"
#include "memif/control/session.h"

namespace vpp_punt::memif {

class Connector {
 public:
  /// `callbacks.down` is called for failed attempts too, with `was_up` false. An absent server is not a
  /// failure.
  Connector(ControlLoop& loop, const Settings& settings, Handshake::Accept accept,
            Session::Callbacks callbacks)
      : loop_(loop), settings_(settings), accept_(std::move(accept)), callbacks_(std::move(callbacks)) {}
  ~Connector();

  /// Connects to the path of the settings.
  void Attempt();

  /// Takes the buffers of further connections from a pool. A connection that uses other memory ends, and the
  /// connector connects again.
  void UsePool(const std::shared_ptr<BufferPool>& pool);
  const std::shared_ptr<BufferPool>& pool() const { return pool_; }

  /// Speaks on a socket that another process has connected to a server. An earlier connection ends.
  void Adopt(UniqueFd fd);

 private:
  void Begin(UniqueFd fd);
  UniqueFd Connect();
  void Retry();
  void OnDown(const Ending& ending, bool was_up);

  ControlLoop& loop_;
  const Settings& settings_;
  const Handshake::Accept accept_;
  Session::Callbacks callbacks_;
  std::shared_ptr<BufferPool> pool_;
  std::shared_ptr<Session> session_;
  ControlLoop::TimerId timer_ = 0;
  uint32_t delay_ms_ = 0;
  bool closing_ = false;
};

}  // namespace vpp_punt::memif
