"""VPP's end of a punt socket that connects to its client and turns away again, which gives the client ECONNRESET.

rude_peer.py VPP_PATH CLIENT_PATH: binds VPP_PATH and says "bound". Each line on the standard input then connects to the
client, turns to another socket, and says "done". "send" sends one packet of 64 bytes by name before that; "leave" turns
to no socket in place of the other."""
import ctypes
import socket
import struct
import sys

vpp_path, client_path = sys.argv[1:]
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peer.bind(vpp_path)
print("bound", flush=True)
other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
other.bind(vpp_path + ".other")
for line in sys.stdin:
    peer.connect(client_path)
    if line.strip() == "leave":
        # Python has no name for the address of the family AF_UNSPEC, which is all zeros.
        ctypes.CDLL(None).connect(peer.fileno(), bytes(16), 16)
    else:
        peer.connect(vpp_path + ".other")
    if line.strip() == "send":
        peer.sendto(struct.pack("II", 1, 0) + bytes(64), client_path)
    print("done", flush=True)
