// The socket of a server: one path with several interfaces, which differ by their id. Lives on the control
// thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "memif/control/loop.h"
#include "memif/control/server_handshake.h"
#include "memif/control/session.h"
#include "util/bound_path.h"

namespace vpp_punt::memif {

/// An interface of a server, as its listener knows it.
struct ServerInterface {
  const Settings* settings;
  Session::Callbacks callbacks;
  /// Null if a good handshake needs nothing more.
  Handshake::Accept accept;
  std::shared_ptr<Session> session;  // the client that has it
};

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// Returns the listener on that path, which is made if there is none. Null with `error` if the system
  /// refuses.
  static std::shared_ptr<Listener> Get(ControlLoop& loop, const Settings& settings, SystemError* error);

  Listener(ControlLoop& loop, std::string path) : loop_(loop), path_(std::move(path)) {}
  ~Listener();

  /// Returns false if the id is taken.
  bool Add(ServerInterface* interface);
  /// Ends the interface's connection, if any, and forgets the interface.
  void Remove(ServerInterface* interface);

 private:
  bool Open(const Settings& settings, SystemError* error);
  bool Watch();
  void OnConnection();
  void Rest(int cause);
  void Adopt(UniqueFd fd);
  const Settings* Reserve(uint32_t id, const std::shared_ptr<Session>& session, std::string* fault);
  void OnDown(Session* session, const Ending& ending, bool was_up);
  ServerInterface* InterfaceOf(Session* session);

  ControlLoop& loop_;
  std::string path_;
  UniqueFd fd_;
  ControlLoop::TimerId rest_ = 0;  // while no client is accepted
  bool short_ = false;             // the last client could not be accepted
  BoundPath file_;
  std::map<uint32_t, ServerInterface*> interfaces_;
  std::set<std::shared_ptr<Session>> pending_;  // not yet at an interface
};

}  // namespace vpp_punt::memif
