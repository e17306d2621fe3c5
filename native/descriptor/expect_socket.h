// Checks of sockets that another process has opened.
#pragma once

#include <sys/socket.h>

#include <cerrno>

#include "util/system_error.h"

namespace vpp_punt::descriptor {

/// An error unless the descriptor is a UNIX socket of the type.
inline SystemError ExpectUnixSocket(int fd, int type, const char* what) {
  int domain = 0, actual = 0;
  socklen_t size = sizeof(domain);
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return {errno, what};
  size = sizeof(actual);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &actual, &size) != 0) return {errno, what};
  return {domain == AF_UNIX && actual == type ? 0 : EPROTOTYPE, what};
}

}  // namespace vpp_punt::descriptor
