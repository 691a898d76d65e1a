#!/bin/bash
# The module's own tests, without a daemon. Output is KTAP.
#
#     a 10.1.0.1 ---- 10.1.0.254 r 10.2.0.254 ---- 10.2.0.1 b     and fd01::, fd02:: alike
#
# a and b are the ends of a path, r is the router between them and the Relay Server.
set -u
cd /vm || exit 1

readonly id=1122334455667788
key_ab=$(printf 'a1%.0s' {1..32})
key_ba=$(printf 'b2%.0s' {1..32})
key_ab2=$(printf 'c3%.0s' {1..32})
key_ba2=$(printf 'd4%.0s' {1..32})
other_key=$(printf 'e5%.0s' {1..32})

on() { ip netns exec "$@"; }
ctl() { local where=$1; shift; on "$where" ./ntmctl "$@"; }

build_network() {
  local each
  for each in a r b; do ip netns add $each; ip -n $each link set lo up; done
  ip link add up0 netns a type veth peer name left0 netns r
  ip link add up0 netns b type veth peer name right0 netns r
  on r sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
  address a up0 10.1.0.1/24 fd01::1/64
  address b up0 10.2.0.1/24 fd02::1/64
  address r left0 10.1.0.254/24 fd01::fe/64
  address r right0 10.2.0.254/24 fd02::fe/64
  ip -n a route add default via 10.1.0.254
  ip -n a route add default via fd01::fe
  ip -n b route add default via 10.2.0.254
  ip -n b route add default via fd02::fe
}

address() {
  ip -n "$1" link set "$2" up
  ip -n "$1" address add "$3" dev "$2"
  ip -n "$1" address add "$4" dev "$2" nodad
}

add_devices() {
  local each
  for each in a r b; do
    ip -n $each link add ntm0 type ntmobile || return 1
    ctl $each dev-set ntm0 port=4649 || return 1
    ip -n $each link set ntm0 addrgenmode none up
  done
  ip -n a address add 198.18.0.1/15 dev ntm0
  ip -n b address add 198.18.0.2/15 dev ntm0
  ip -n a address add fd00:18::1/64 dev ntm0 nodad
  ip -n b address add fd00:18::2/64 dev ntm0 nodad
}

delete_devices() {
  local each
  for each in a r b; do ip -n $each link del ntm0; done
}

# The path between a and b: new_path ENDPOINT_OF_A ENDPOINT_OF_B [ATTRIBUTE]...
new_path() {
  ctl a path-new ntm0 path-id=$id side=0 kind=0 address=198.18.0.2 address=fd00:18::2 &&
    ctl b path-new ntm0 path-id=$id side=1 kind=0 address=198.18.0.1 address=fd00:18::1 &&
    set_route a "$2" "${@:3}" && set_route b "$1" "${@:3}" &&
    new_key 0 "$key_ab" "$key_ba"
}

set_route() { ctl "$1" path-set ntm0 path-id=$id route="$2" "${@:3}"; }

# Sealed by this suite of ntmobile.yaml.
suite=0
new_key() {
  ctl a key-set ntm0 path-id=$id epoch="$1" send-key="$2" receive-key="$3" suite=$suite &&
    ctl b key-set ntm0 path-id=$id epoch="$1" send-key="$3" receive-key="$2" suite=$suite &&
    ctl a key-use ntm0 path-id=$id epoch="$1" && ctl b key-use ntm0 path-id=$id epoch="$1"
}

direct4() { new_path 10.1.0.1:4649 10.2.0.1:4649 "$@"; }
flush() { ctl a flush ntm0 && ctl b flush ntm0 && ctl r flush ntm0; }

pings() { on a ping -q -c 3 -i 0.2 -W 5 "$@" > /tmp/ping 2>&1; }
both_families() { pings 198.18.0.2 && pings fd00:18::2; }

# Value of NAME in a line of NAME=VALUE.
value() { tr ' ' '\n' | sed -n "s/^$1=//p"; }
path_value() { ctl "$1" path-get ntm0 path-id=$id | value "$2"; }
drop_count() { path_value "$1" drops | tr , '\n' | sed -n "s/^$2://p" | grep . || echo 0; }

is() { [ "$1" = "$2" ] || { echo "# $3: $1, expected $2"; return 1; }; }
contains() { grep -q -- "$2" "$1" || { echo "# $1 lacks: $2"; sed 's/^/# /' "$1" | tail -5; return 1; }; }

# Waits up to 10 s for a line in a file.
comes() {
  local _
  for _ in {1..100}; do grep -q -- "$2" "$1" && return 0; sleep 0.1; done
  contains "$1" "$2"
}

watch() {
  : > "/tmp/watch-$1"
  ctl "$1" watch "/tmp/watch-$1" &
  watcher=$!
  comes "/tmp/watch-$1" watching
}

# Sends a file from a to an address of b: transfer ADDRESS [WAY], a way of pour. A new port each time.
port=5000
transfer() {
  local sum
  port=$((port + 1))
  on b ./pour from $port /tmp/received &
  local listener=$!
  listens b $port
  on a timeout 60 ./pour "${2:-to}" "$1" $port /tmp/sent || kill $listener
  wait $listener
  sum=$(sha256sum < /tmp/received)
  is "$sum" "$(sha256sum < /tmp/sent)" "bytes of $(stat -c %s /tmp/received)"
}

# Waits until a TCP port is listened at.
listens() {
  local _
  for _ in {1..100}; do on "$1" ss -Hltn "sport = :$2" | grep -q . && return 0; sleep 0.05; done
  return 1
}

offloads() {
  on a ethtool -K up0 tso "$1" gso "$1" gro "$1" tx "$1" > /dev/null
  on b ethtool -K up0 tso "$1" gso "$1" gro "$1" tx "$1" > /dev/null
}

case_loads() {
  modprobe libchacha20poly1305 && insmod ./ntmobile.ko && build_network && add_devices
}

case_ping4() { direct4 && both_families && is "$(path_value a sent-packets)" 6 packets && flush; }

case_ping6() { new_path '[fd01::1]:4649' '[fd02::1]:4649' && both_families && flush; }

case_tcp() { direct4 && transfer 198.18.0.2 && transfer fd00:18::2 && flush; }

up0_packets() { on "$1" cat "/sys/class/net/up0/statistics/$2_packets"; }

# The uplinks pass super-packets whole, so there go far fewer packets than were sealed.
case_super() {
  local before after
  direct4 && before=$(up0_packets a tx) && transfer 198.18.0.2 && after=$(up0_packets a tx) &&
    [ "$(path_value a sent-packets)" -gt 2000 ] &&
    [ $((after - before)) -lt $(($(path_value a sent-packets) / 8)) ] &&
    is "$(path_value b received-packets)" "$(path_value a sent-packets)" packets &&
    is "$(drop_count b replayed)$(drop_count b malformed)" 00 drops && flush
}

case_tcp_plain() {
  direct4 && offloads off && transfer 198.18.0.2
  local result=$?
  offloads on
  [ $result = 0 ] && flush
}

in_suite() {
  local result
  suite=$1
  "${@:2}"
  result=$?
  suite=0
  offloads on
  flush > /dev/null 2>&1
  return $result
}

every_way() {
  direct4 && both_families && is "$(path_value b suite)" "$suite" suite && transfer 198.18.0.2 &&
    transfer fd00:18::2 && flush && new_path '[fd01::1]:4649' '[fd02::1]:4649' && both_families &&
    transfer 198.18.0.2 && transfer fd00:18::2 && offloads off && transfer 198.18.0.2 &&
    transfer fd00:18::2 && offloads on && flush &&
    relayed 10.2.0.254:4649 10.1.0.254:4649 10.1.0.1:4649 10.2.0.1:4649 && both_families &&
    transfer 198.18.0.2 && is "$(drop_count a malformed)$(drop_count b malformed)" 00 drops &&
    [ "$(ctl r relay-get ntm0 path-id=$id | value forwarded-packets)" -gt 100 ] && flush &&
    relayed '[fd02::fe]:4649' 10.1.0.254:4649 10.1.0.1:4649 '[fd02::1]:4649' && both_families &&
    transfer 198.18.0.2
}

case_aes() {
  [ $(($(ctl a dev-get ntm0 | value suites) & 2)) = 2 ] && in_suite 1 every_way
}

case_none() { in_suite 2 every_way; }

# The path stays at the address it was given, whoever sends.
none_float() {
  direct4 && pings 198.18.0.2 || return 1
  ip -n b address add 10.2.0.9/24 dev up0
  ip -n b route replace default via 10.2.0.254 src 10.2.0.9
  on b ping -q -c 3 -i 0.3 -W 1 198.18.0.1 > /tmp/ping 2>&1
  is "$(path_value a endpoint)" 10.2.0.1:4649 endpoint
  local result=$?
  ip -n b route replace default via 10.2.0.254
  ip -n b address del 10.2.0.9/24 dev up0
  return $result
}

case_none_float() { in_suite 2 none_float; }

# From the address of b, but with a wrong outer checksum, and with none.
none_checksum() {
  direct4 || return 1
  on b ./forge 10.2.0.1 10.1.0.1 $id side=1 checksum=bad text=hello &&
    on b ./forge 10.2.0.1 10.1.0.1 $id side=1 checksum=zero text=hello &&
    is "$(drop_count a bad-checksum)" 2 'bad checksums'
}

case_none_checksum() { in_suite 2 none_checksum; }

case_untouched() {
  ctl r relay-new ntm0 path-id=$id && direct4 && both_families &&
    is "$(ctl r relay-get ntm0 path-id=$id | value forwarded-packets)" 0 relayed && flush
}

relayed() {
  new_path "$1" "$2" relayed && ctl r relay-new ntm0 path-id=$id &&
    ctl r relay-leg ntm0 path-id=$id side=0 endpoint="$3" &&
    ctl r relay-leg ntm0 path-id=$id side=1 endpoint="$4"
}

case_relay() {
  relayed 10.2.0.254:4649 10.1.0.254:4649 10.1.0.1:4649 10.2.0.1:4649 &&
    both_families && transfer 198.18.0.2 &&
    [ "$(ctl r relay-get ntm0 path-id=$id | value forwarded-packets)" -gt 100 ] && flush
}

case_relay6() {
  relayed '[fd02::fe]:4649' '[fd01::fe]:4649' '[fd01::1]:4649' '[fd02::1]:4649' &&
    both_families && flush
}

case_relay_mixed() {
  relayed '[fd02::fe]:4649' 10.1.0.254:4649 10.1.0.1:4649 '[fd02::1]:4649' &&
    both_families && flush
}

case_relay_source() {
  relayed 10.2.0.254:4649 10.1.0.254:4649 10.1.0.77:4649 10.2.0.1:4649 && watch r || return 1
  pings 198.18.0.2
  comes /tmp/watch-r "wrong-source path-id=$id endpoint=10.1.0.1:4649"
  local result=$?
  kill "$watcher"
  [ $result = 0 ] && ctl r relay-get ntm0 path-id=$id > /tmp/relay &&
    contains /tmp/relay forwarded-packets=0 && contains /tmp/relay wrong-source: && flush
}

# shellcheck disable=SC2016 # the program is for awk
no_port() { on r awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp; }

# From b, whose side is 1: nine are relayed to a, the tenth finds no socket at r.
case_burst() {
  local before
  ctl r relay-new ntm0 path-id=$id &&
    ctl r relay-leg ntm0 path-id=$id side=0 endpoint=10.1.0.1:4649 &&
    ctl r relay-leg ntm0 path-id=$id side=1 endpoint=10.2.0.1:4649 || return 1
  before=$(no_port)
  on b ./burst $id 10.2.0.254 &&
    is "$(ctl r relay-get ntm0 path-id=$id | value forwarded-packets)" 9 relayed &&
    is "$(ctl r relay-get ntm0 path-id=$id | value forwarded-bytes)" 900 bytes &&
    is "$(($(no_port) - before))" 1 'for the socket' && flush
}

case_refusals() {
  direct4 || return 1
  ctl a path-new ntm0 path-id=$id side=0 kind=0 2> /tmp/refusal
  contains /tmp/refusal 'this Path ID is taken' || return 1
  ctl a key-set ntm0 path-id=$id epoch=1 send-key="$key_ab" receive-key="$key_ba" 2> /tmp/refusal
  contains /tmp/refusal 'has had this key' || return 1
  ctl a key-use ntm0 path-id=$id epoch=3 2> /tmp/refusal
  contains /tmp/refusal 'no key was set' || return 1
  ctl a path-set ntm0 path-id=$id route=127.0.0.1:4649 2> /tmp/refusal
  contains /tmp/refusal 'not a unicast' || return 1
  ctl a path-set ntm0 path-id=$id route=10.2.0.1:0 2> /tmp/refusal
  contains /tmp/refusal 'a port other than 0' || return 1
  ctl a path-del ntm0 path-id=0000000000000001 2> /tmp/refusal
  contains /tmp/refusal 'no such path' || return 1
  ctl a dev-get lo 2> /tmp/refusal
  contains /tmp/refusal 'no NTMobile device' || return 1
  on a setpriv --bounding-set -all --inh-caps -all --reuid 65534 ./ntmctl dev-get ntm0 \
    2> /tmp/refusal
  contains /tmp/refusal 'not permitted' && both_families && flush
}

case_rekey() {
  direct4 || return 1
  on a ping -q -c 60 -i 0.05 -W 5 198.18.0.2 > /tmp/rekey-ping 2>&1 &
  local pinger=$!
  sleep 1
  watch b && new_key 1 "$key_ab2" "$key_ba2" && comes /tmp/watch-b "first-packet path-id=$id epoch=1"
  local result=$?
  kill "$watcher"
  ctl a key-del ntm0 path-id=$id epoch=0
  wait $pinger
  contains /tmp/rekey-ping ' 0% packet loss' && is "$(path_value a epoch)" 1 epoch && flush &&
    return $result
}

case_float() {
  direct4 && pings 198.18.0.2 && watch a || return 1
  ip -n b address add 10.2.0.9/24 dev up0
  ip -n b route replace default via 10.2.0.254 src 10.2.0.9
  on b ping -q -c 3 -i 0.3 -W 5 198.18.0.1 > /tmp/ping 2>&1
  comes /tmp/watch-a "moved path-id=$id endpoint=10.2.0.9:4649"
  local result=$?
  kill "$watcher"
  is "$(path_value a endpoint)" 10.2.0.9:4649 endpoint || result=1
  ip -n b route replace default via 10.2.0.254
  ip -n b address del 10.2.0.9/24 dev up0
  [ $result = 0 ] && flush
}

case_no_float() {
  direct4 relayed && pings 198.18.0.2 || return 1
  ip -n b address add 10.2.0.9/24 dev up0
  ip -n b route replace default via 10.2.0.254 src 10.2.0.9
  on b ping -q -c 3 -i 0.3 -W 1 198.18.0.1 > /tmp/ping 2>&1
  is "$(path_value a endpoint)" 10.2.0.1:4649 endpoint
  local result=$?
  ip -n b route replace default via 10.2.0.254
  ip -n b address del 10.2.0.9/24 dev up0
  [ $result = 0 ] && flush
}

case_replay() {
  direct4 && set_route a 10.2.0.1:4649 also=10.2.0.1:4649 also-ms=60000 && pings 198.18.0.2 &&
    is "$(path_value b received-packets)" 3 packets && is "$(drop_count b replayed)" 3 replays &&
    flush
}

case_forged() {
  direct4 || return 1
  ctl a key-set ntm0 path-id=$id epoch=1 send-key="$other_key" receive-key="$key_ba2"
  ctl b key-set ntm0 path-id=$id epoch=1 send-key="$key_ba2" receive-key="$key_ab2"
  ctl a key-use ntm0 path-id=$id epoch=1
  on a ping -q -c 2 -i 0.2 -W 1 198.18.0.2 > /tmp/ping 2>&1
  is "$(drop_count b bad-seal)" 2 forgeries && is "$(path_value b received-packets)" 0 packets &&
    flush
}

case_inner_source() {
  direct4 || return 1
  ip -n a address add 198.18.0.7/32 dev ntm0
  on a ping -q -c 2 -i 0.2 -W 1 -I 198.18.0.7 198.18.0.2 > /tmp/ping 2>&1
  ip -n a address del 198.18.0.7/32 dev ntm0
  is "$(drop_count b bad-inner-source)" 2 'foreign sources' && flush
}

case_behind() {
  ip -n a address add 192.168.7.1/32 dev lo
  direct4 || return 1
  ip -n b route add 192.168.7.0/24 via 198.18.0.1 dev ntm0 onlink
  on b ping -q -c 3 -i 0.2 -W 5 192.168.7.1 > /tmp/ping 2>&1
  local result=$?
  ip -n b route del 192.168.7.0/24
  ip -n a address del 192.168.7.1/32 dev lo
  [ $result = 0 ] && flush
}

echoes() { on a nstat -asz IcmpOutEchos | awk '/OutEchos/ { print $2 }'; }

# Everything is ready but the key of epoch 1 in use at a; that comes when the ping has been sent.
case_waits() {
  local before result pinger _
  watch a || return 1
  on a ping -q -c 1 -W 1 198.18.0.2 > /tmp/ping 2>&1
  comes /tmp/watch-a 'no-path destination=198.18.0.2'
  result=$?
  kill "$watcher"
  direct4 && ctl a key-del ntm0 path-id=$id epoch=0 &&
    ctl a key-set ntm0 path-id=$id epoch=1 send-key="$key_ab2" receive-key="$key_ba2" &&
    ctl b key-set ntm0 path-id=$id epoch=1 send-key="$key_ba2" receive-key="$key_ab2" &&
    ctl b key-use ntm0 path-id=$id epoch=1 || return 1
  before=$(echoes)
  on a ping -q -c 1 -W 8 198.18.0.2 > /tmp/ping 2>&1 &
  pinger=$!
  for _ in {1..50}; do [ "$(echoes)" = "$before" ] || break; done
  is "$(echoes)" $((before + 1)) 'echo requests' || result=1
  ctl a key-use ntm0 path-id=$id epoch=1 && wait $pinger || result=1
  [ $result = 0 ] && flush
}

case_mtu() {
  direct4 && set_route a 10.2.0.1:4649 mtu=1300 || return 1
  on a ping -q -c 1 -W 5 -M 'do' -s 1272 198.18.0.2 > /tmp/ping 2>&1 || return 1
  on a ping -c 2 -W 2 -i 0.2 -M 'do' -s 1273 198.18.0.2 > /tmp/ping 2>&1
  contains /tmp/ping 'mtu.*1300' || return 1
  on a ping -c 2 -W 2 -i 0.2 -M 'do' -s 1300 fd00:18::2 > /tmp/ping 2>&1
  contains /tmp/ping 'mtu.*1300' && transfer 198.18.0.2 && flush
}

case_silent() {
  direct4 && ctl b flush ntm0 && watch a || return 1
  on a ping -q -c 1 -W 1 198.18.0.2 > /tmp/ping 2>&1
  comes /tmp/watch-a "silent path-id=$id"
  local result=$?
  kill "$watcher"
  [ $result = 0 ] && flush
}

case_idle() {
  watch r && ctl r relay-new ntm0 path-id=$id idle-ms=500 && comes /tmp/watch-r "idle path-id=$id"
  local result=$?
  kill "$watcher"
  [ $result = 0 ] && flush
}

case_many() {
  local count
  ctl r relay-new ntm0 repeat=100000 path-id=0000000100000000 idle-ms=600000 || return 1
  count=$(ctl r dev-get ntm0 | value relay-count)
  is "$count" 100000 rows && is "$(ctl r relay-get ntm0 | wc -l)" 100000 'rows of the dump' &&
    relayed 10.2.0.254:4649 10.1.0.254:4649 10.1.0.1:4649 10.2.0.1:4649 && both_families && flush &&
    is "$(ctl r dev-get ntm0 | value relay-count)" 0 rows
}

case_churn() {
  direct4 || return 1
  on a ping -q -f -w 6 198.18.0.2 > /tmp/flood 2>&1 &
  local pinger=$! _
  for _ in {1..12}; do
    ctl a path-del ntm0 path-id=$id && ctl b path-del ntm0 path-id=$id && direct4 || return 1
  done
  wait $pinger
  both_families && flush
}

case_unload() {
  direct4 || return 1
  on a ping -q -f -w 5 198.18.0.2 > /tmp/flood 2>&1 &
  local pinger=$!
  sleep 1
  delete_devices && rmmod ntmobile
  local result=$?
  wait $pinger
  ! grep -q '^ntmobile ' /proc/modules && insmod ./ntmobile.ko && add_devices && direct4 &&
    both_families && ip netns del a && ip netns del b && ip netns del r && sleep 1 &&
    rmmod ntmobile && return $result
}

readonly cases=(
  'loads: the module loads, its self-tests pass, and namespaces get devices'
  'ping4: IPv4 and IPv6 go through a path over IPv4'
  'ping6: IPv4 and IPv6 go through a path over IPv6'
  'tcp: TCP carries super-packets through a path, every byte as sent'
  'super: super-packets leave and arrive as super-packets'
  'tcp_plain: TCP goes through a path when the uplink has no offloads'
  'aes: AES-128-GCM goes every way that ChaCha20-Poly1305 goes'
  'none: so do packets that are not sealed'
  'none_float: which never move an endpoint'
  'none_checksum: and are dropped when their outer checksum is wrong or absent'
  'untouched: a router forwards Capsulated Packets for others untouched, known Path ID or not'
  'relay: a Relay Server relays between two legs over IPv4'
  'relay6: a Relay Server relays between two legs over IPv6'
  'relay_mixed: a Relay Server relays between an IPv4 and an IPv6 leg'
  'relay_source: a packet that is not from its leg is dropped and told'
  'burst: a super-packet that arrives is looked at datagram by datagram'
  'refusals: every refused command says why in a sentence'
  'rekey: a new key is taken into use without losing a packet'
  'float: an authenticated packet from a new address moves a direct path'
  'no_float: it does not move a relayed one'
  'replay: the second copy of a packet is dropped as replayed'
  'forged: a packet under another key changes nothing but a counter'
  'inner_source: an inner source that is not of the path is dropped'
  'behind: an inner source routed by way of the path is accepted'
  'waits: a notice asks for a path, and the first packet waits for it'
  'mtu: a packet too big for the path is answered with the right size, both families'
  'silent: a path that hears nothing back is told'
  'idle: a relayed path without data is told'
  'many: 100,000 relayed paths fit, are dumped and go away'
  'churn: paths come and go under load'
  'unload: devices, namespaces and the module go away under traffic'
)

head -c 3000000 /dev/urandom > /tmp/sent
echo 'KTAP version 1'
echo "1..${#cases[@]}"
failures=0
# Those named on the kernel's command line, else all; the first always.
only=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^ntm.cases=//p')
for index in "${!cases[@]}"; do
  name=${cases[$index]%%:*}
  case ",loads,$only," in *",$name,"* | ',loads,,') ;; *) continue ;; esac
  result=ok
  case_"$name" || { result='not ok'; failures=$((failures + 1)); }
  echo "$result $((index + 1)) ${cases[$index]#*: }"
  if [ "$result" != ok ] && [ "$name" = loads ]; then
    echo 'Bail out! nothing can be tested without the module'
    break
  elif [ "$result" != ok ]; then
    tail -3 /tmp/ping 2> /dev/null | sed 's/^/# ping: /'
    ctl a path-get ntm0 2>&1 | sed 's/^/# a: /'
    ctl b path-get ntm0 2>&1 | sed 's/^/# b: /'
    ctl r relay-get ntm0 2>&1 | head -3 | sed 's/^/# r: /'
    for each in a b r; do ctl $each dev-get ntm0 2>&1 | sed "s/^/# $each: /"; done
    flush > /dev/null 2>&1
  fi
done
[ "$failures" = 0 ]
