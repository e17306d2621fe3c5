"""A memif client with a region above 4 GiB: big_region.py SOCKET rx|tx.

rx: sends a packet that crosses 4 GiB. tx: posts buffers that cross it. Ends with the connection."""
import array
import mmap
import os
import socket
import struct
import sys

GIB = 1 << 30
SLOTS = 1024
RING = 128 + 16 * SLOTS
EDGE = (1 << 32) - 32

path, what = sys.argv[1:]
region = os.memfd_create("big", os.MFD_CLOEXEC)
os.ftruncate(region, 5 * GIB)
memory = mmap.mmap(region, 1 << 20)
control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
control.connect(path)
control.recv(128)


def ask(body, fd=None):
    fds = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes())]
    control.sendmsg([body.ljust(128, b"\0")], fds)
    return control.recv(128)


def put(ring, slot, offset, length):
    struct.pack_into("<HHIII", memory, ring * RING + 128 + 16 * slot, 0, 0, length, offset, 0)


def publish(ring, head):
    struct.pack_into("<H", memory, ring * RING + 6, head)


for ring in range(2):
    struct.pack_into("<I", memory, ring * RING, 0x3E31F20)
if what == "tx":
    for slot in range(SLOTS):
        put(1, slot, EDGE, 2048)
    publish(1, SLOTS)
ask(struct.pack("<HHIB24s32s", 3, 0x200, 0, 0, b"", b"big"))
ask(struct.pack("<HHQ", 4, 0, 5 * GIB), region)
bells = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(2)]
ask(struct.pack("<HHHHIBH", 5, 1, 0, 0, 0, 10, 0), bells[0])
ask(struct.pack("<HHHHIBH", 5, 0, 0, 0, RING, 10, 0), bells[1])
control.send(struct.pack("<H32s", 6, b"big0").ljust(128, b"\0"))
while struct.unpack("<H", control.recv(128)[:2])[0] != 7:
    pass
if what == "rx":
    put(0, 0, EDGE, 64)
    publish(0, 1)
    os.eventfd_write(bells[0], 1)
while control.recv(128):
    pass
