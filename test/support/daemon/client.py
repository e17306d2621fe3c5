# A client of the daemon in Python: it learns the contract by reflection, and knows no message beforehand.
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

CALLS = json.loads(sys.argv[2])


def raw_reflection(channel, version):
    """One file of the contract with what it imports, through a hand-made request: file_containing_symbol is field 4."""
    symbol = b"vpp_punt.v1.Punts"
    request = bytes([0x22, len(symbol)]) + symbol
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=lambda each: each,
        response_deserializer=lambda each: each,
    )
    return next(iter(call(iter([request]))))


def fields(data):
    """The length-delimited fields of a message, as (number, bytes)."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        length, at = varint(data, at)
        if tag & 7 == 2:
            yield tag >> 3, data[at : at + length]
            at += length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def pool_of(channel):
    pool = descriptor_pool.DescriptorPool()
    reflected = raw_reflection(channel, "v1")
    # Older clients ask by the service's earlier name.
    assert raw_reflection(channel, "v1alpha") == reflected
    [answer] = [body for number, body in fields(reflected) if number == 4]
    files = [descriptor_pb2.FileDescriptorProto.FromString(body) for number, body in fields(answer) if number == 1]
    waiting = {each.name: each for each in files}

    def add(name):
        file = waiting.pop(name, None)
        if file is not None:
            for dependency in file.dependency:
                add(dependency)
            pool.Add(file)

    for file in files:
        add(file.name)
    return pool


def message_class(pool, descriptor):
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def detail_of(pool, error):
    """The ErrorDetail in grpc-status-details-bin, a google.rpc.Status: details are field 3, Any's value is field 2."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            [any_] = [body for number, body in fields(value[value.index(b"\x1a"):]) if number == 3]
            [body] = [body for number, body in fields(any_) if number == 2]
            detail = message_class(pool, pool.FindMessageTypeByName("vpp_punt.v1.ErrorDetail")).FromString(body)
            return {"op": detail.op, "code": detail.code}
    return None


def main():
    channel = grpc.insecure_channel("unix:" + sys.argv[1])
    pool = pool_of(channel)
    methods = pool.FindServiceByName("vpp_punt.v1.Punts").methods_by_name
    for name, fields_ in CALLS:
        method = methods[name]
        request = json_format.ParseDict(fields_, message_class(pool, method.input_type)())
        reply = message_class(pool, method.output_type)
        kind = channel.unary_stream if name in ("Watch", "Session", "WatchInterfaces") else channel.unary_unary
        call = kind(
            f"/vpp_punt.v1.Punts/{name}",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=reply.FromString,
        )
        try:
            answer = call(request, timeout=20)
            if kind == channel.unary_stream:
                answer = next(iter(answer))
            print(json.dumps({"reply": json_format.MessageToDict(answer)}), flush=True)
        except grpc.RpcError as error:
            print(json.dumps({"error": error.code().name, "detail": detail_of(pool, error)}), flush=True)


main()
