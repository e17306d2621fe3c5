// A memif interface over the system's libmemif: the same port as the builtin engine's.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "libmemif/connection.h"
#include "libmemif/control_socket.h"
#include "libmemif/rx_queue.h"
#include "libmemif/tx_queue.h"
#include "memif/engine.h"

namespace vpp_punt::libmemif {

using memif::Ending;
using memif::PortEvent;

class Port : public memif::Port, public std::enable_shared_from_this<Port> {
 public:
  /// `subscription` hears all of it from the start. Null with `error` when the socket or the interface cannot
  /// be had.
  static std::shared_ptr<Port> Open(const Settings& settings,
                                    const std::shared_ptr<memif::Subscription>& subscription,
                                    OpenError* error);

  explicit Port(const Settings& settings);
  ~Port() override { Close(); }

  memif::RxQueue& rx(size_t index) override { return *rx_[index]; }
  memif::TxQueue& tx(size_t index) override { return *tx_[index]; }
  const Settings& settings() const override { return settings_; }
  void Subscribe(const std::shared_ptr<memif::Subscription>& subscription) override;
  void Close() override;
  const memif::PortCounters& counters() const override { return counters_; }

 private:
  // On the control thread.
  void Start(OpenError* error);
  bool Serve(OpenError* error);
  void OnClientGone(const Ending& ending);
  void Refuse(const Ending& ending);
  bool Create(OpenError* error);
  void Delete();
  void Violated(uint32_t generation, const std::string& reason);
  void OnUp();
  void OnDown();
  void Tell(const PortEvent& event);
  Ending TakeEnding();

  const Settings settings_;
  std::shared_ptr<ControlLoop> loop_;
  std::shared_ptr<Slot> slot_;
  std::vector<std::unique_ptr<RxQueue>> rx_;
  std::vector<std::unique_ptr<TxQueue>> tx_;
  memif::PortCounters counters_;

  // Of the control thread.
  std::unique_ptr<ControlSocket> socket_;
  std::shared_ptr<memif::Listener> listener_;  // as server
  memif::ServerInterface interface_;
  memif_conn_handle_t handle_ = nullptr;
  std::vector<std::weak_ptr<memif::Subscription>> subscriptions_;
  std::optional<PortEvent> up_;
  std::optional<Ending> ending_;  // known before the library says that it is down
};

}  // namespace vpp_punt::libmemif
