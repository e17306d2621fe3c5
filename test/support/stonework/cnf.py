# mockcnf1 and mockcnf2: CNFs as StoneWork's own examples have them, with messages built here, and none of the package's code.
# Prints a line of JSON for each call of the orchestrator.
import json
import os
import sys
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

# label, directory, kind ("mock1", "mock2", "plain"), hang (calls that never end in time), refuse (how many values are refused), address
OPTIONS = json.loads(sys.argv[1])
ADDRESS = OPTIONS.get("address", "127.0.0.1")
HANG = OPTIONS.get("hang", [])

# A file: its name, package, imports, and messages with "name type number" for each field. [] is repeated, "enum" a number, | a oneof.
FILES = [
    ("ligato/generic/model.proto", "ligato.generic", [], {
        "ModelSpec": "module string 1, version string 2, type string 3, class string 4",
        "ModelDetail": "spec ModelSpec 1, proto_name string 2, options []ModelOption 3",
        "ModelOption": "key string 1, values []string 2",
    }),
    ("ligato/generic/options.proto", "ligato.generic", ["google/protobuf/descriptor.proto", "ligato/generic/model.proto"], {}),
    ("ligato/generic/manager.proto", "ligato.generic", ["google/protobuf/any.proto"], {
        "ItemID": "model string 1, name string 2",
        "Data": "any .google.protobuf.Any 1|",
        "Item": "id ItemID 1, data Data 2",
        "ItemStatus": "status string 1, message string 2",
        "UpdateItem": "item Item 1",
        "SetConfigRequest": "updates []UpdateItem 1, overwrite_all bool 2",
        "UpdateResult": "id ItemID 4, key string 1, op int32 2, status ItemStatus 3",
        "SetConfigResponse": "results []UpdateResult 1",
    }),
    ("ligato/generic/meta.proto", "ligato.generic", ["google/protobuf/descriptor.proto", "ligato/generic/model.proto"], {
        "KnownModelsRequest": "class string 1",
        "KnownModelsResponse": "known_models []ModelDetail 1, active_modules []string 2",
        "ProtoFileDescriptorRequest": "full_proto_file_name string 1",
        "ProtoFileDescriptorResponse":
            "file_descriptor .google.protobuf.FileDescriptorProto 1,"
            "file_import_descriptors .google.protobuf.FileDescriptorSet 2",
    }),
    ("puntmgr/puntmgr.proto", "puntmgr", [], {
        "PortRange": "lower_port uint32 1, upper_port uint32 2",
        "Ip": "destination_network string 1, source_network string 2, protocol uint32 3",
        "Ports": "destination_port_range PortRange 1, source_port_range PortRange 2",
        "IpRule": "ip Ip 1, tcp Ports 3, udp Ports 4",
        "Abx": "vpp_interface string 1, vrf uint32 2, without_cnf_vrf bool 3,"
               "ingress_acl_rules []IpRule 4, egress_acl_rules []IpRule 5",
        "PuntRequest": "label string 1, punt_type int32 2, interconnect_type int32 3, enable_gso bool 4, abx Abx 13",
        "PuntRequests": "punt_requests []PuntRequest 1",
        "PuntID": "cnf_ms_label string 1, key string 2, label string 3",
        "Interface": "name string 1, phys_address string 2, ip_addresses []string 3, vrfRT uint32 4, vrfName string 5",
        "InterconnectID": "vpp_selector string 1, cnf_selector string 2",
        "Interconnect": "id InterconnectID 1, vpp_interface Interface 2, cnf_interface Interface 3, shared bool 4",
        "PuntMetadata": "id PuntID 1, interconnects []Interconnect 2",
        "UpdatePuntStateReq": "metadata PuntMetadata 1, state int32 2",
        "UpdatePuntStateResp": "",
    }),
    ("cnfreg/cnfreg.proto", "cnfreg", [], {
        "DiscoverCnfReq": "sw_ip_address string 1, sw_grpc_port uint32 2, sw_http_port uint32 3",
        "ConfigModel": "proto_name string 1, with_punt bool 2, with_retrieve bool 3, with_deps bool 4",
        "DiscoverCnfResp": "cnf_ms_label string 1, config_models []ConfigModel 4",
        "ConfigItemDependency": "label string 1, key string 2|",
        "GetDependenciesResp": "dependencies []ConfigItemDependency 1",
    }),
    ("ligato/linux/interfaces/interface.proto", "ligato.linux.interfaces", ["ligato/generic/options.proto"], {
        "Interface": "name string 1, type int32 2, enabled bool 5, ip_addresses []string 6, link_only bool 9, vrf_master_interface string 10",
    }),
    ("ligato/annotations.proto", "ligato", ["google/protobuf/descriptor.proto"], {}),
    ("ligato/vpp/l3/route.proto", "ligato.vpp.l3", ["ligato/annotations.proto"], {"Route": "dst_network string 3"}),
    ("mockcnf/plain.proto", "mockcnf", [], {"Plain": "level uint32 1"}),
    ("mockcnf/mockcnf.proto", "mockcnf", ["ligato/generic/options.proto"], {
        "MockCnf1": "ip_protocol uint32 1, vpp_interface string 2, vrf uint32 3, wait_for_interface string 4",
    }),
    ("mockcnf/mockcnf2.proto", "mockcnf", ["ligato/generic/options.proto"], {
        "MockCnf2": "vpp_interface string 1, vrf uint32 2",
    }),
]

MODELS = {
    "mock1": ("mockcnf/mockcnf.proto", "mockcnf.MockCnf1", ("mock1", "v1", "mock-type"), "{{.IpProtocol}}"),
    "mock2": ("mockcnf/mockcnf2.proto", "mockcnf.MockCnf2", ("mock2", "v1", "mock-type"), "{{.VppInterface}}"),
    # Without punts, and one item without a name.
    "plain": ("mockcnf/plain.proto", "mockcnf.Plain", ("mock3.sub", "v1", "global"), ""),
    # A CNF is a vpp-agent, and has an agent's models.
    "agent": ("ligato/vpp/l3/route.proto", "ligato.vpp.l3.Route", ("vpp", "v2", "route"), "{{.DstNetwork}}"),
    "linux": ("ligato/linux/interfaces/interface.proto", "ligato.linux.interfaces.Interface",
              ("linux.interfaces", "v2", "interface"), "{{.Name}}"),
}
F = descriptor_pb2.FieldDescriptorProto


def add_field(message, text, package):
    text = text.strip()
    in_oneof = text.endswith("|")
    name, kind, number = text.rstrip("|").split()
    field = message.field.add(name=name, number=int(number), label=F.LABEL_OPTIONAL)
    if kind.startswith("[]"):
        field.label, kind = F.LABEL_REPEATED, kind[2:]
    if kind in ("string", "bool", "uint32", "int32"):
        field.type = getattr(F, "TYPE_" + kind.upper())
    else:
        field.type = F.TYPE_MESSAGE
        field.type_name = kind if kind.startswith(".") else f".{package}.{kind}"
    if in_oneof:
        message.oneof_decl.add(name="choice")
        field.oneof_index = 0


def build_pool():
    pool = descriptor_pool.DescriptorPool()
    protos = {}
    for module in ("descriptor", "any"):
        imported = __import__(f"google.protobuf.{module}_pb2", fromlist=["DESCRIPTOR"])
        file = descriptor_pb2.FileDescriptorProto()
        imported.DESCRIPTOR.CopyToProto(file)
        pool.Add(file)
        protos[file.name] = file
    for name, package, imports, messages in FILES:
        file = descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3", dependency=imports)
        if name == "ligato/generic/options.proto":
            basis = dict(label=F.LABEL_OPTIONAL, extendee=".google.protobuf.MessageOptions")
            file.extension.add(name="model", number=50222, type=F.TYPE_MESSAGE, type_name=".ligato.generic.ModelSpec", **basis)
            file.extension.add(name="model_name_template", number=50223, type=F.TYPE_STRING, **basis)
        for message_name, fields in messages.items():
            message = file.message_type.add(name=message_name)
            for text in filter(None, fields.split(",")):
                add_field(message, text, package)
        pool.Add(file)
        protos[name] = file
    return pool, protos


POOL, PROTOS = build_pool()
FACTORY = message_factory.MessageFactory(POOL)


def cls(name):
    return FACTORY.GetPrototype(POOL.FindMessageTypeByName(name))


def imports_of(name):
    """Each file before those that it imports, and as often as it is imported, as a vpp-agent has them."""
    return [file for each in PROTOS[name].dependency for file in [PROTOS[each], *imports_of(each)]]


def say(call, **details):
    print(json.dumps({"call": call, **details}), flush=True)


class Cnf:
    def __init__(self):
        self.kind = OPTIONS["kind"]
        self.states = {}
        self.discovered = False
        self.refusals = OPTIONS.get("refuse", 0)

    def unpacked(self, item):
        _, proto_name, _, _ = MODELS[self.kind]
        value = cls(proto_name)()
        value.ParseFromString(item.data.any.value)
        return value

    def DiscoverCnf(self, request, context):
        say("DiscoverCnf", port=request.sw_grpc_port, refused=self.discovered)
        if self.discovered:
            context.abort(grpc.StatusCode.UNKNOWN, "already discovered")
        self.discovered = True
        model = cls("cnfreg.ConfigModel")(proto_name=MODELS[self.kind][1], with_punt=self.kind != "plain", with_deps=True)
        return cls("cnfreg.DiscoverCnfResp")(cnf_ms_label=OPTIONS["label"], config_models=[model])

    def KnownModels(self, request, context):
        details = []
        for file, proto_name, (module, version, type_), template in (MODELS[self.kind], MODELS["linux"], MODELS["agent"]):
            option = cls("ligato.generic.ModelOption")
            spec = cls("ligato.generic.ModelSpec")(module=module, version=version, type=type_)
            setattr(spec, "class", "config")
            options = [option(key="nameTemplate", values=[template]), option(key="protoFile", values=[file])]
            details.append(cls("ligato.generic.ModelDetail")(spec=spec, proto_name=proto_name, options=options))
        return cls("ligato.generic.KnownModelsResponse")(known_models=details)

    def ProtoFileDescriptor(self, request, context):
        answer = cls("ligato.generic.ProtoFileDescriptorResponse")()
        name = request.full_proto_file_name
        answer.file_descriptor.MergeFromString(PROTOS[name].SerializeToString())
        for file in imports_of(name):
            answer.file_import_descriptors.file.add().MergeFromString(file.SerializeToString())
        return answer

    def GetPuntRequests(self, item, context):
        value = self.unpacked(item)
        if self.kind == "plain":
            context.abort(grpc.StatusCode.UNKNOWN, f"punt not requested for item model:\"{item.id.model}\": %!w(<nil>)")
        if self.kind == "mock1":
            abx = {"ingress_acl_rules": [{"ip": {"destination_network": "local", "protocol": value.ip_protocol}}]}
        else:
            all_ports = {"upper_port": 65535}
            ssh = {"destination_port_range": {"lower_port": 22, "upper_port": 22}, "source_port_range": all_ports}
            snmp = {"destination_port_range": {"lower_port": 161, "upper_port": 162}, "source_port_range": all_ports}
            abx = {
                "ingress_acl_rules": [{"ip": {"destination_network": "8.8.8.0/24", "source_network": "any"}, "tcp": ssh}],
                "egress_acl_rules": [{"ip": {"destination_network": "local"}, "udp": snmp}],
            }
        abx.update(vpp_interface=value.vpp_interface, vrf=value.vrf)
        request = {"label": "singleton", "punt_type": 4, "abx": abx}
        return json_format.ParseDict({"punt_requests": [request]}, cls("puntmgr.PuntRequests")())

    def GetItemDependencies(self, item, context):
        wait_for = getattr(self.unpacked(item), "wait_for_interface", "")
        dependency = cls("cnfreg.ConfigItemDependency")
        wanted = [dependency(label="wait", key=f"config/vpp/v2/interfaces/{wait_for}")] if wait_for else []
        return cls("cnfreg.GetDependenciesResp")(dependencies=wanted)

    def UpdatePuntState(self, request, context):
        key = (request.metadata.id.key, request.metadata.id.label)
        state = {0: "UNKNOWN", 1: "INIT", 2: "CREATED", 3: "DELETED"}[request.state]
        say("UpdatePuntState", state=state, metadata=json_format.MessageToDict(request.metadata))
        if state == "INIT" and key in self.states:
            context.abort(grpc.StatusCode.UNKNOWN, "known already")
        if state == "CREATED" and key not in self.states:
            context.abort(grpc.StatusCode.UNKNOWN, "CREATED without INIT")
        if state == "DELETED":
            self.states.pop(key, None)
        elif state != "UNKNOWN":
            self.states[key] = state
        return cls("puntmgr.UpdatePuntStateResp")()

    def SetConfig(self, request, context):
        for update in request.updates:
            item = update.item
            linux = cls(MODELS["linux"][1])
            value = None
            if item.HasField("data"):
                kind = linux if item.id.model == "linux.interfaces.interface" else cls(MODELS[self.kind][1])
                value = json_format.MessageToDict(kind.FromString(item.data.any.value))
            say("SetConfig", model=item.id.model, name=item.id.name, value=value, type=item.data.any.type_url)
            if value is not None and kind is not linux and self.refusals > 0:
                self.refusals -= 1
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "missing punt metadata")
        return cls("ligato.generic.SetConfigResponse")()


SERVICES = {
    "cnfreg.CnfDiscovery": {
        "DiscoverCnf": "cnfreg.DiscoverCnfReq",
        "GetPuntRequests": "ligato.generic.Item",
        "GetItemDependencies": "ligato.generic.Item",
    },
    "puntmgr.PuntManager": {"UpdatePuntState": "puntmgr.UpdatePuntStateReq"},
    "ligato.generic.MetaService": {
        "KnownModels": "ligato.generic.KnownModelsRequest",
        "ProtoFileDescriptor": "ligato.generic.ProtoFileDescriptorRequest",
    },
    "ligato.generic.ManagerService": {"SetConfig": "ligato.generic.SetConfigRequest"},
}


def handler(cnf, name, request):
    def call(message, context):
        if name in HANG:
            say(name, hangs=True)
            while context.is_active():
                time.sleep(0.05)
        return getattr(cnf, name)(message, context)

    return grpc.unary_unary_rpc_method_handler(
        call,
        request_deserializer=cls(request).FromString,
        response_serializer=lambda answer: answer.SerializeToString(),
    )


def main():
    cnf = Cnf()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    for service, calls in SERVICES.items():
        methods = {name: handler(cnf, name, request) for name, request in calls.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    port = server.add_insecure_port(f"{ADDRESS}:0")
    server.start()
    # In place, as StoneWork's CNFs write it: the reader may see half of it.
    announcement = {"pid": os.getpid(), "ms-label": OPTIONS["label"], "ip-address": ADDRESS, "grpc-port": port, "http-port": 0}
    with open(os.path.join(OPTIONS["directory"], "discovery", OPTIONS["label"] + ".pid"), "w") as file:
        json.dump(announcement, file)
    say("listens", port=port)
    server.wait_for_termination()


main()
