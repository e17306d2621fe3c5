"""Plays VPP's stats socket: stats_server.py PATH COUNT.

Binds PATH and says "bound". Each line on the standard input accepts one connection and sends it COUNT descriptors of an
empty segment; the line "again" makes the socket anew instead, as a restarted VPP does. Each line is answered by "done"."""
import os
import socket
import sys

path, count = sys.argv[1], int(sys.argv[2])


def listen():
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(path)
    server.listen(8)
    return server


segment = os.memfd_create("stats")
os.ftruncate(segment, 4096)
server = listen()
print("bound", flush=True)
for line in sys.stdin:
    if line.strip() == "again":
        os.unlink(path)
        server = listen()
    else:
        connection, _ = server.accept()
        socket.send_fds(connection, [b"x"], [segment] * count)
        connection.close()
    print("done", flush=True)
