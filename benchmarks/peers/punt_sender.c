/* Sends as VPP does: one non-blocking sendmsg() a packet, by name, from a socket with 64 KiB of send buffer;
 * never waits. punt_sender <VPP's path> <client's path> <seconds> <bytes> <packets/s, 0: as fast as it can>
 * Binds VPP's path, then waits for a first datagram there before it sends. */
#define _GNU_SOURCE
#include <poll.h>

#include "punt_common.h"

static int send_frame(int fd, struct sockaddr_un* to, uint32_t sw_if_index, char* frame, size_t bytes) {
  struct packet_desc desc = {sw_if_index, 0};
  struct iovec vectors[] = {{&desc, sizeof desc}, {frame, bytes}};
  struct msghdr message = {.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = vectors, .msg_iovlen = 2};
  return sendmsg(fd, &message, 0) < 0 ? errno : 0;
}

static void wait_for_client(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  char hello[64];
  poll(&p, 1, -1);
  if (recv(fd, hello, sizeof hello, 0) < 0) die("recv");
}

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  double seconds = atof(argv[3]);
  size_t bytes = (size_t)atol(argv[4]);
  double rate = atof(argv[5]);
  int fd = bound_socket(argv[1]), sndbuf = VPP_SNDBUF;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf);
  say_ready();
  wait_for_client(fd);

  struct sockaddr_un to = address_of(argv[2]);
  char* frame = calloc(1, bytes);
  uint64_t sent = 0, dropped = 0, due = 0, start = now_ns(), end = start + (uint64_t)(seconds * 1e9), now;
  while ((now = now_ns()) < end) {
    if (rate > 0) {
      due = (uint64_t)((double)(now - start) * rate / 1e9);
      if (sent + dropped >= due) continue;
    }
    int error = send_frame(fd, &to, 1, frame, bytes);
    if (error && error != EAGAIN) die("sendmsg");
    if (error)
      dropped++;
    else
      sent++;
  }
  double took = (double)(now_ns() - start) / 1e9;
  while (send_frame(fd, &to, MARK_END, frame, bytes) == EAGAIN) usleep(50);
  printf("{\"sent\": %lu, \"dropped\": %lu, \"seconds\": %f}\n", sent, dropped, took);
  unlink(argv[1]);
  return 0;
}
