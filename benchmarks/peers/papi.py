"""Loads a VPP with requests of vpp_papi, one at a time: papi.py SOCKET API_FOLDER ping|dump SECONDS

Prints { "rate": requests or details a second }.
"""

import inspect
import json
import logging
import sys
import time

from vpp_papi import VPPApiClient

WARM_UP = 0.3


def connect(socket, folder):
    VPPApiClient.apidir = folder  # releases before 23.02 take no argument for it
    takes = "apidir" in inspect.signature(VPPApiClient.__init__).parameters
    vpp = VPPApiClient(server_address=socket, **({"apidir": folder} if takes else {}))
    vpp.connect("bench")
    return vpp


def run(work, seconds):
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        count += work()
    return count


def main():
    socket, folder, what, seconds = sys.argv[1:]
    logging.disable()  # papi logs the end of its own socket as an error
    vpp = connect(socket, folder)

    def ping():
        vpp.api.control_ping()
        return 1

    def dump():
        return len(vpp.api.sw_interface_dump())

    work = dump if what == "dump" else ping
    run(work, WARM_UP)
    start = time.monotonic()
    count = run(work, float(seconds))
    print(json.dumps({"rate": count / (time.monotonic() - start)}))
    vpp.disconnect()


main()
