// The socket of a server: one path, several interfaces told apart by id. Lives on the control thread.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "memif/control/loop.h"
#include "memif/control/session.h"

namespace vpp_punt::memif {

/// A failure of the operating system while opening.
struct OpenError {
  int error = 0;  // errno
  std::string what;
};

/// An interface of a server, as its listener knows it.
struct ServerInterface {
  const Settings* settings;
  Session::Callbacks callbacks;
  /// Null: nothing more to be done for a good handshake.
  Handshake::Accept accept;
  std::shared_ptr<Session> session;  // the client that has it
};

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// The listener on that path: the one there is, or a new one. Null with `error` when it cannot be had.
  static std::shared_ptr<Listener> Get(ControlLoop& loop, const Settings& settings, OpenError* error);

  Listener(ControlLoop& loop, std::string path) : loop_(loop), path_(std::move(path)) {}
  ~Listener();

  /// False when the id is taken.
  bool Add(ServerInterface* interface);
  /// Ends the interface's connection, if any, and forgets it.
  void Remove(ServerInterface* interface);

 private:
  bool Open(const Settings& settings, OpenError* error);
  bool Bind(UniqueFd& fd, OpenError* error);
  void OnConnection();
  void Adopt(UniqueFd fd);
  const Settings* Claim(uint32_t id, const std::shared_ptr<Session>& session, std::string* fault);
  void OnDown(Session* session, const Ending& ending, bool was_up);
  ServerInterface* InterfaceOf(Session* session);

  ControlLoop& loop_;
  std::string path_;
  UniqueFd fd_;
  struct stat file_ = {};  // the socket file as we made it: only that one is unlinked
  std::map<uint32_t, ServerInterface*> interfaces_;
  std::set<std::shared_ptr<Session>> pending_;  // not yet at an interface
};

}  // namespace vpp_punt::memif
