"""VPP's Python client as an oracle: requests in, one JSON a line ({ name, value }), what papi makes of the answers out.

papi_oracle.py API_SOCKET API_FOLDER
Enums are numbers, addresses text, bytes { "hex": ... }, u64 { "big": ... }; an answer with an error is { "error": ... }.
"""

import enum
import ipaddress
import inspect
import json
import sys

from vpp_papi import VPPApiClient
from vpp_papi.macaddress import MACAddress

SAFE = 2**53
TEXT = (ipaddress._IPAddressBase, MACAddress)


def plain(value):
    if isinstance(value, enum.Enum):
        return int(value)
    if isinstance(value, bool) or value is None or isinstance(value, (float, str)):
        return value
    if isinstance(value, int):
        return value if -SAFE < value < SAFE else {"big": str(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"hex": bytes(value).hex()}
    if isinstance(value, TEXT):
        return str(value)
    if hasattr(value, "_asdict"):
        return {k: plain(v) for k, v in value._asdict().items() if k not in ("_0", "context")}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return str(value)


def answer(vpp, name, value):
    try:
        reply = getattr(vpp.api, name)(**value)
    except Exception as error:  # whatever papi stumbles over is no verdict on us
        return {"error": f"{type(error).__name__}: {error}"}
    if isinstance(reply, tuple) and not hasattr(reply, "_asdict"):
        return {"reply": plain(reply[0]), "details": [plain(one) for one in reply[1]]}
    if isinstance(reply, list):
        return {"details": [plain(one) for one in reply]}
    return {"reply": plain(reply)}


def main():
    out = sys.stdout
    sys.stdout = sys.stderr  # papi prints complaints there
    VPPApiClient.apidir = sys.argv[2]  # before VPP 23.02 there is no argument for it
    folder = {"apidir": sys.argv[2]} if "apidir" in inspect.signature(VPPApiClient.__init__).parameters else {}
    vpp = VPPApiClient(server_address=sys.argv[1], **folder)
    vpp.connect("oracle")
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answer(vpp, request["name"], request["value"])), file=out, flush=True)
    vpp.disconnect()


main()
