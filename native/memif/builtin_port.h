// A memif interface of the builtin engine.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "memif/connector.h"
#include "memif/engine.h"
#include "memif/link_slot.h"
#include "memif/listener.h"
#include "memif/rx_queue.h"
#include "memif/tx_queue.h"

namespace vpp_punt::memif {

class BuiltinPort : public Port, public std::enable_shared_from_this<BuiltinPort> {
 public:
  /// Null with `error` when a server cannot have its socket. A client opens always, and connects when it can.
  /// `subscription`, which may be null, hears of everything from the start. `accept`, likewise, may put a
  /// relay into every link.
  static std::shared_ptr<BuiltinPort> Open(const Settings& settings,
                                           const std::shared_ptr<Subscription>& subscription,
                                           OpenError* error, const Handshake::Accept& accept = nullptr);

  BuiltinPort(const Settings& settings, Handshake::Accept accept);
  ~BuiltinPort() override { Close(); }

  RxQueue& rx(size_t index) override { return *rx_[index]; }
  TxQueue& tx(size_t index) override { return *tx_[index]; }
  const Settings& settings() const override { return settings_; }
  void Subscribe(const std::shared_ptr<Subscription>& subscription) override;
  void Close() override;
  const PortCounters& counters() const override { return counters_; }

 private:
  // On the control thread.
  void Start(OpenError* error);
  Session::Callbacks MakeCallbacks();
  void OnUp(const std::shared_ptr<Link>& link);
  void OnDown(const Ending& ending, bool was_up);
  void Tell(const PortEvent& event);

  /// Null once closed, or given away to whoever closes.
  std::shared_ptr<ControlLoop> Loop(bool take);

  const Settings settings_;
  const Handshake::Accept accept_;
  std::mutex loop_mutex_;  // threads that attach against the one that closes
  std::shared_ptr<ControlLoop> loop_;
  std::shared_ptr<LinkSlot> slot_;
  std::vector<std::unique_ptr<BuiltinRxQueue>> rx_;
  std::vector<std::unique_ptr<BuiltinTxQueue>> tx_;
  PortCounters counters_;

  // Touched on the control thread only.
  std::unique_ptr<Connector> connector_;
  std::shared_ptr<Listener> listener_;
  ServerInterface interface_;
  std::vector<std::weak_ptr<Subscription>> subscriptions_;
  std::optional<PortEvent> up_;  // the last one, while connected
};

}  // namespace vpp_punt::memif
