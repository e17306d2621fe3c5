// The ends of UNIX sockets whose peers may have passed descriptors that were never received. The kernel
// closes them with the socket, in the thread that closes it.
#pragma once

#include "util/unique_fd.h"

namespace vpp_punt {

/// Ends a connection: for its peer at once.
void HangUp(UniqueFd connection);

/// Ends a listening socket, and the connections that wait to be accepted.
void HangUpListener(UniqueFd listener);

/// Ends a datagram socket that no other process has: it is closed at the return, as senders expect.
void HangUpDatagrams(UniqueFd socket);

/// Lets go of a datagram socket that another process made and may still have. A connected socket gets
/// datagrams from its peer alone, which is VPP.
void LetGoOfDatagrams(UniqueFd socket);

/// Makes the kernel refuse datagrams and messages to the socket that pass descriptors: EPERM for the sender.
/// Connections to a listening socket inherit that. Does nothing before Linux 6.16.
void RefuseDescriptors(int socket);

}  // namespace vpp_punt
