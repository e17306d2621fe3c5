#!/usr/bin/env bash
# Records traffic.pcap: what came in at a router's interface while real programs talked to it.
# Needs root and: iproute2, ethtool, tcpdump, FRR (zebra, ospfd, isisd), dnsmasq, dhclient, dig, curl, socat, ping, busybox (httpd).
#   ./record.sh <file.pcap>
set -euo pipefail
out=$(realpath "${1:?file to write}")
work=$(mktemp -d)
frr=/usr/lib/frr
in_router() { ip netns exec punt-router "$@"; }
in_host() { ip netns exec punt-host "$@"; }
cleanup() {
  for side in router host; do
    ip netns pids "punt-$side" 2>/dev/null | xargs -r kill 2>/dev/null || true
    ip netns delete "punt-$side" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap cleanup EXIT

# Two hosts and a wire. The recording is of what arrives at the router's end.
ip netns add punt-router
ip netns add punt-host
ip link add lan0 netns punt-router address 02:fd:0a:00:00:01 type veth peer name eth0 netns punt-host address 02:fe:0a:00:00:02
in_router ip link set lo up
in_host ip link set lo up
# What the kernel leaves to the network card would be seen as frames of 64 kB and checksums that are not there yet.
in_host ethtool -K eth0 tx off tso off gso off >/dev/null 2>&1
in_router ip address add 10.10.1.1/24 dev lan0
in_router ip -6 address add fd00:10::1/64 dev lan0 nodad
in_router sysctl -qw net.ipv4.ip_forward=1
in_router ip link set lan0 up
chmod 755 "$work"
in_router tcpdump -i lan0 -Q in -U -w "$out" --time-stamp-precision=nano &
sleep 1

# IPv6: duplicate address detection, router solicitation, neighbor solicitation, echo.
in_host ip link set eth0 up
sleep 2
in_host ip -6 address add fd00:10::2/64 dev eth0
sleep 2
in_host ping -6 -c 2 -i 0.3 fd00:10::1 >/dev/null

# DHCP: a whole exchange, a renewal, a release.
in_router dnsmasq --conf-file=/dev/null --pid-file="$work/dnsmasq.pid" --interface=lan0 --bind-interfaces --no-resolv --no-hosts \
  --user=root --dhcp-leasefile="$work/leases" --dhcp-range=10.10.1.100,10.10.1.150,300s \
  --address=/service.test/192.0.2.80 --address=/service.test/2001:db8::80 --txt-record=note.test,punted
echo 'request subnet-mask, routers, domain-name-servers;' >"$work/dhclient.conf"
dhclient() { in_host dhclient -q -4 -cf "$work/dhclient.conf" -lf "$work/client-leases" -pf "$work/dhclient.pid" -sf "$work/dhclient-script" "$@" eth0; }
cat >"$work/dhclient-script" <<'SCRIPT'
#!/bin/sh
# Sets the address, and leaves the machine's resolver alone.
case "$reason" in
BOUND | RENEW | REBIND) ip address replace "$new_ip_address/24" dev "$interface" ;;
esac
SCRIPT
chmod +x "$work/dhclient-script"
dhclient -1
sleep 1

# DNS: by UDP over both protocols, to the router and through it, and by TCP.
in_host ip route replace default via 10.10.1.1
for name in service.test www.service.test mail.service.test; do in_host dig +short +tries=1 @10.10.1.1 "$name" A >/dev/null; done
in_host dig +short +tries=1 @10.10.1.1 service.test AAAA >/dev/null
in_host dig +short +tries=1 @10.10.1.1 note.test TXT >/dev/null
in_host dig +short +tries=1 @fd00:10::1 service.test A >/dev/null
in_host dig +short +tries=1 +tcp @10.10.1.1 service.test A >/dev/null
in_host dig +short +tries=1 +time=1 @192.0.2.53 elsewhere.test A >/dev/null || true

# TCP: a web page, and 20 kB upwards.
mkdir "$work/www" && echo "hello from the router" >"$work/www/index.html"
in_router busybox httpd -p 10.10.1.1:8080 -h "$work/www"
in_router socat -u TCP-LISTEN:9000,bind=10.10.1.1 /dev/null &
in_host curl -s --retry 20 --retry-delay 1 --retry-connrefused -A demo http://10.10.1.1:8080/ >/dev/null
head -c 20000 /dev/zero | in_host socat -u - TCP:10.10.1.1:9000,retry=20,interval=0.3

# OSPF and IS-IS: two routers become neighbors, exchange their databases, and go on saying hello.
router_id() { [ "$1" = router ] && echo 1 || echo 2; }
port_of() { [ "$1" = router ] && echo lan0 || echo eth0; }
for side in router host; do
  install -d -o frr -g frr "$work/$side"
  cat >"$work/$side/ospfd.conf" <<CONF
hostname demo
router ospf
 ospf router-id 10.10.1.$(router_id $side)
 network 10.10.1.0/24 area 0
interface $(port_of $side)
 ip ospf hello-interval 1
 ip ospf dead-interval 4
CONF
  cat >"$work/$side/isisd.conf" <<CONF
hostname demo
router isis demo
 net 49.0001.0000.0000.000$(router_id $side).00
 is-type level-1
interface $(port_of $side)
 ip router isis demo
 isis hello-interval 2
 no isis hello padding
CONF
  echo 'hostname demo' >"$work/$side/zebra.conf"
  for daemon in zebra ospfd isisd; do
    ip netns exec "punt-$side" "$frr/$daemon" -d -f "$work/$side/$daemon.conf" -i "$work/$side/$daemon.pid" \
      -z "$work/$side/zserv" --vty_socket "$work/$side" -P 0 --log stdout >/dev/null 2>&1
    sleep 1
  done
done
sleep 12

in_host ping -4 -c 2 -i 0.3 10.10.1.1 >/dev/null
dhclient -r
sleep 1
ip netns pids punt-router | xargs -r kill -INT
wait
