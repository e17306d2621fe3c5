// The address that a CNF announces.
import { networkInterfaces } from "node:os";
import test from "ava";
import { ownAddress } from "../../lib/stonework/announcement.js";

const addresses = Object.entries(networkInterfaces()).flatMap(([device, list = []]) =>
  list
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address, cidr }) => ({ device, address, cidr })),
);

test("CNF_MGMT_INTERFACE and CNF_MGMT_SUBNET choose the announced address", (t) => {
  for (const { device, address, cidr } of addresses) {
    const first = addresses.find((each) => each.device === device)!;
    t.is(ownAddress({ CNF_MGMT_INTERFACE: device }), first.address);
    t.is(ownAddress({ CNF_MGMT_SUBNET: `${address}/32` }), address);
    t.is(ownAddress({ CNF_MGMT_SUBNET: address }), address);
    t.truthy(ownAddress({ CNF_MGMT_SUBNET: cidr! }));
  }
  t.is(ownAddress({ CNF_MGMT_SUBNET: "0.0.0.0/0" }), addresses[0]?.address);
});

test("an invalid subnet matches no address", (t) => {
  for (const CNF_MGMT_SUBNET of ["203.0.113.0/24", "10.0.0.0/33", "10.0.0.0/", "eth0"]) {
    t.is(ownAddress({ CNF_MGMT_SUBNET }), undefined, CNF_MGMT_SUBNET);
  }
});
