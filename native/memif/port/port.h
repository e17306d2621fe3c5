// A memif interface: its queues, and the connections that come and go under them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "memif/control/connector.h"
#include "memif/control/listener.h"
#include "memif/port/link_slot.h"
#include "memif/port/rx_queue.h"
#include "memif/port/subscription.h"
#include "memif/port/tx_queue.h"

namespace vpp_punt::memif {

class Port : public std::enable_shared_from_this<Port> {
 public:
  /// Returns null with `error` if a server cannot have its socket, or the system has no control thread to
  /// give. A client connects when it can. `subscription`, which may be null, gets every event from the start.
  /// `accept`, which may be null, may put a relay into every link.
  static std::shared_ptr<Port> Open(const Settings& settings,
                                    const std::shared_ptr<Subscription>& subscription, SystemError* error,
                                    const Handshake::Accept& accept = nullptr);

  Port(const Settings& settings, Handshake::Accept accept, std::shared_ptr<ControlLoop> loop);
  ~Port() { Close(); }

  RxQueue& rx(size_t index) { return *rx_[index]; }
  TxQueue& tx(size_t index) { return *tx_[index]; }
  const Settings& settings() const { return settings_; }
  /// A subscriber that comes while the port is up gets an `up` event at once.
  void Subscribe(const std::shared_ptr<Subscription>& subscription);
  /// As client without a path: speaks on this socket, which another process has connected to a server.
  void Adopt(UniqueFd control);
  /// Gives two client ports that connect by themselves one memory, if they do not have it yet. Their buffers
  /// have the same size, and all buffers of both fit 4 GiB. Returns 0, or an errno value.
  static int ShareMemory(Port& a, Port& b);
  /// Tells the peer and ends the connection for good. Queues notice at their next use.
  void Close();
  const PortCounters& counters() const { return counters_; }

 private:
  // On the control thread.
  void Start(SystemError* error);
  Session::Callbacks MakeCallbacks();
  void OnUp(const std::shared_ptr<Link>& link);
  void OnDown(const Ending& ending, bool was_up);
  void Tell(const PortEvent& event);

  uint64_t BufferCount() const;
  /// Null once closed, or taken by a thread that closes.
  std::shared_ptr<ControlLoop> Loop(bool take);

  const Settings settings_;
  const Handshake::Accept accept_;
  std::mutex loop_mutex_;  // threads that attach against the thread that closes
  std::shared_ptr<ControlLoop> loop_;
  std::shared_ptr<LinkSlot> slot_;
  std::vector<std::unique_ptr<RxQueue>> rx_;
  std::vector<std::unique_ptr<TxQueue>> tx_;
  PortCounters counters_;

  // Touched on the control thread only.
  std::unique_ptr<Connector> connector_;
  std::shared_ptr<Listener> listener_;
  ServerInterface interface_;
  std::vector<std::weak_ptr<Subscription>> subscriptions_;
  std::optional<PortEvent> up_;  // the last one, while connected
};

}  // namespace vpp_punt::memif
