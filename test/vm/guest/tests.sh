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
  for _ in {1..100}; do grep -qs -- "$2" "$1" && return 0; sleep 0.1; done
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
  local before after result
  # However slow the guest: TCP makes them as long as the time that a packet takes allows.
  on a bash -c 'echo 32 > /proc/sys/net/ipv4/tcp_min_tso_segs'
  direct4 && before=$(up0_packets a tx) && transfer 198.18.0.2 && after=$(up0_packets a tx) &&
    [ "$(path_value a sent-packets)" -gt $((bytes / 1500)) ] &&
    [ $((after - before)) -lt $(($(path_value a sent-packets) / 8)) ] &&
    is "$(path_value b received-packets)" "$(path_value a sent-packets)" packets &&
    is "$(drop_count b replayed)$(drop_count b malformed)" 00 drops && flush
  result=$?
  on a bash -c 'echo 2 > /proc/sys/net/ipv4/tcp_min_tso_segs'
  return $result
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
    is "$(path_value b lost-packets)" "$([ "$suite" = 2 ] || echo 0)" lost &&
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

forwarded() { ctl "$1" relay-get ntm0 path-id=$id | value forwarded-packets; }

# a is told to relay a path that ends there, as a node that is a Relay Server too may be.
case_both_kinds() {
  ctl a relay-new ntm0 path-id=$id && direct4 &&
    ctl a relay-leg ntm0 path-id=$id side=0 endpoint=10.1.0.254:4649 &&
    ctl a relay-leg ntm0 path-id=$id side=1 endpoint=10.2.0.1:4649 && both_families &&
    is "$(forwarded a)" 0 'relayed while it ends here' && ctl a path-del ntm0 path-id=$id || return 1
  on b ping -q -c 3 -i 0.2 -W 1 198.18.0.1 > /tmp/ping 2>&1
  is "$(forwarded a)" 3 'relayed afterwards' && ctl b path-del ntm0 path-id=$id && direct4 &&
    both_families &&
    is "$(forwarded a)" 3 'relayed in all' && flush
}

# The same b has another path, by which it is a's exit.
exit_path() {
  local path=path-id=8877665544332211
  ctl a path-new ntm0 $path side=0 kind=1 address=169.254.1.2 &&
    ctl b path-new ntm0 $path side=1 kind=1 global-only address=198.18.0.1 &&
    ctl a path-set ntm0 $path route=10.2.0.1:4649 && ctl b path-set ntm0 $path route=10.1.0.1:4649 &&
    ctl a key-set ntm0 $path epoch=0 send-key="$key_ab" receive-key="$key_ba" &&
    ctl b key-set ntm0 $path epoch=0 send-key="$key_ba" receive-key="$key_ab" &&
    ctl a key-use ntm0 $path epoch=0 && ctl b key-use ntm0 $path epoch=0
}

# Each carries what a expects by it, whichever was used last.
case_exit_and_node() {
  local result=1
  ip -n b address add 203.0.113.1/32 dev lo
  ip -n a route add 203.0.113.0/24 via 169.254.1.2 dev ntm0 onlink
  direct4 && exit_path && pings 203.0.113.1 && pings 198.18.0.2 &&
    ctl a key-use ntm0 path-id=$id epoch=0 && ctl b key-use ntm0 path-id=$id epoch=0 &&
    pings 203.0.113.1 && pings 198.18.0.2 &&
    is "$(drop_count a bad-inner-source)" 0 'bad inner sources' && flush && result=0
  ip -n a route del 203.0.113.0/24
  ip -n b address del 203.0.113.1/32 dev lo
  return $result
}

# shellcheck disable=SC2016 # the program is for awk
no_port() { on "$1" awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp; }

# From b, whose side is 1: nine are relayed to a, the tenth finds no socket at r.
case_burst() {
  local before
  ctl r relay-new ntm0 path-id=$id &&
    ctl r relay-leg ntm0 path-id=$id side=0 endpoint=10.1.0.1:4649 &&
    ctl r relay-leg ntm0 path-id=$id side=1 endpoint=10.2.0.1:4649 || return 1
  before=$(no_port r)
  on b ./burst $id 10.2.0.254 &&
    is "$(ctl r relay-get ntm0 path-id=$id | value forwarded-packets)" 9 relayed &&
    is "$(ctl r relay-get ntm0 path-id=$id | value forwarded-bytes)" 900 bytes &&
    is "$(($(no_port r) - before))" 1 'for the socket' && flush
}

# Waits until so many lines are in a file.
lines() {
  local _
  for _ in {1..50}; do [ "$(wc -l < "$1")" -ge "$2" ] && break; sleep 0.1; done
  is "$(wc -l < "$1")" "$2" "lines of $1"
}

# Two paths' control messages of one length in one burst, as the socket of a daemon gets them; then
# a burst of a known path with one control message in between.
case_control_burst() {
  local sink result
  on r ./sink 4649 /tmp/sink &
  sink=$!
  comes /tmp/sink ready && ctl r relay-new ntm0 path-id=$id &&
    ctl r relay-leg ntm0 path-id=$id side=0 endpoint=10.1.0.1:4649 &&
    ctl r relay-leg ntm0 path-id=$id side=1 endpoint=10.2.0.1:4649 &&
    on b ./burst $id 10.2.0.254 8877665544332211 && lines /tmp/sink 11 &&
    on b ./burst $id 10.2.0.254 && lines /tmp/sink 12 &&
    is "$(grep -c '^100 01$' /tmp/sink)" 11 'control messages, each alone' &&
    is "$(ctl r relay-get ntm0 path-id=$id | value forwarded-packets)" 9 relayed
  result=$?
  kill $sink
  [ $result = 0 ] && flush
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
  watch b || return 1
  on a ping -q -c 100 -i 0.05 -W 5 198.18.0.2 > /tmp/rekey-ping 2>&1 &
  local pinger=$!
  sleep 1
  new_key 1 "$key_ab2" "$key_ba2" && comes /tmp/watch-b "first-packet path-id=$id epoch=1"
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

drop_on_the_way() {
  on r nft "table ip lossy { counter lost { }; chain forward { type filter hook forward priority 0;
    udp dport 4649 ip daddr 10.2.0.1 counter name lost drop; }; }"
}
dropped_on_the_way() { on r nft list counter ip lossy lost | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

# Waits up to 20 s for a path to have received so many packets; all it tells at that moment is in $told.
receives() {
  local _
  for _ in {1..200}; do
    told=$(ctl "$1" path-get ntm0 path-id=$id)
    [[ $told == *" received-packets=$2 "* ]] && return 0
    sleep 0.1
  done
  echo "# not $2 packets: $told"
  return 1
}

# What the way lost is told to the packet, and for a moment what had been lost before the pause.
case_lost() {
  local lost
  direct4 && pings 198.18.0.2 && is "$(path_value b lost-packets)" 0 lost || return 1
  drop_on_the_way
  on a ping -q -c 7 -i 0.1 -W 1 198.18.0.2 > /tmp/ping 2>&1
  lost=$(dropped_on_the_way)
  on r nft delete table ip lossy
  is "$lost" 7 'dropped on the way' && on a ping -q -c 1 -W 5 198.18.0.2 > /tmp/ping 2>&1 &&
    is "$(path_value b lost-packets) $(path_value b lost-before)" '7 0' 'lost, and before' &&
    pings 198.18.0.2 && pings 198.18.0.2 &&
    is "$(path_value b lost-packets) $(path_value b lost-before)" '7 7' 'lost, and before' &&
    new_key 1 "$key_ab2" "$key_ba2" && pings 198.18.0.2 &&
    is "$(path_value b lost-packets)" 7 'lost after a new key' && flush
}

# Every third packet overtakes the two before it; those are lost until they come. Behind the last one
# that does, up to two are not missed, since which is the third depends on what else has come that way.
case_late() {
  local told lost result=1
  modprobe sch_netem && direct4 && pings 198.18.0.2 &&
    on r tc qdisc add dev right0 root netem delay 8s reorder 100% gap 3 || return 1
  on a ping -q -c 30 -i 0.01 -W 20 198.18.0.2 > /tmp/ping 2>&1 &
  receives b 13 && lost=$(value lost-packets <<< "$told") &&
    { [[ $lost =~ ^(18|19|20)$ ]] || is "$lost" '18 to 20' 'not here yet'; } &&
    receives b 33 && is "$(value lost-packets <<< "$told")" 0 lost && result=0
  wait $!
  on r tc qdisc del dev right0 root
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

forge() { on b ./forge 10.2.0.1 10.1.0.1 "$@"; }

# a is side 0 and knows epoch 0. What is not of a known path or cannot be one goes to the socket.
case_hostile() {
  local before each
  direct4 && pings 198.18.0.2 || return 1
  before=$(no_port a)
  forge $id side=0 sealed=64 && forge $id side=1 epoch=3 sealed=64 &&
    forge $id side=1 counter=900 sealed=64 && forge $id side=1 counter=901 sealed=15 &&
    forge $id side=1 counter=1 sealed=64 && forge $id side=1 counter=902 sealed=1400 || return 1
  is "$(drop_count a wrong-side)" 1 'of our own side' &&
    is "$(drop_count a wrong-epoch)" 1 'of a foreign epoch' &&
    is "$(drop_count a bad-seal)" 3 'with a wrong seal' &&
    is "$(drop_count a replayed)" 1 replayed || return 1
  forge 0102030405060708 side=1 sealed=64 && forge $id side=1 flags=8 sealed=64 &&
    forge $id side=1 type=0x7f sealed=64 && forge $id side=1 sealed=64 cut=20 || return 1
  is "$(($(no_port a) - before))" 4 'for the socket' ||
    return 1
  for each in udp=40 udp=-40 offset=64 more=1 'more=1 offset=800'; do
    # shellcheck disable=SC2086 # two words
    forge $id side=1 counter=903 sealed=200 $each || return 1
  done
  is "$(path_value a received-packets)" 3 packets &&
    is "$(path_value a drops)" 'wrong-side:1,wrong-epoch:1,replayed:1,bad-seal:3' drops &&
    both_families && flush
}

# An inner packet too long for one datagram, and an outer one that comes in fragments.
case_oversized() {
  direct4 && on a ping -q -c 3 -i 0.2 -W 5 -s 6000 198.18.0.2 > /tmp/ping 2>&1 &&
    on a ping -q -c 3 -i 0.2 -W 5 -s 6000 fd00:18::2 > /tmp/ping 2>&1 &&
    on a ping -q -c 3 -i 0.2 -W 5 -s 1400 -M dont 198.18.0.2 > /tmp/ping 2>&1 && flush
}

# The kernel's own limit is 2^40; a key ends at the lower one all the same, and a new key goes on.
case_exhaustion() {
  local result
  direct4 && watch a && echo 20 > /sys/module/ntmobile/parameters/packets_per_key || return 1
  on a ping -q -c 30 -i 0.02 -W 1 198.18.0.2 > /tmp/ping 2>&1
  comes /tmp/watch-a "key-wanted path-id=$id" && is "$(path_value a sent-packets)" 20 sent &&
    is "$(path_value b received-packets)" 20 received && is "$(drop_count a unknown-key)" 10 refused
  result=$?
  kill "$watcher"
  echo $((1 << 40)) > /sys/module/ntmobile/parameters/packets_per_key
  [ $result = 0 ] && new_key 1 "$key_ab2" "$key_ba2" && both_families && flush
}

# Retransmissions send pages again that a packet before has been sealed from: the file stays as it is.
case_sendfile() {
  local before result
  before=$(sha256sum < /tmp/sent)
  modprobe sch_netem && direct4 || return 1
  on r tc qdisc add dev right0 root netem loss 3%
  transfer 198.18.0.2 sendfile && transfer fd00:18::2 sendfile
  result=$?
  on r tc qdisc del dev right0 root
  is "$(sha256sum < /tmp/sent)" "$before" 'the file' || result=1
  [ "$(on a nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }')" -gt 0 ] || result=1
  [ $result = 0 ] && flush
}

# A file's own pages come to the module by lo. This cipher writes before it has checked the tag.
splice_lo() {
  local before i
  rm -f /tmp/pages
  for ((i = 0; i < 40; i++)); do
    forge $id side=1 counter=$i sealed=984 file=/tmp/pages || return 1
  done
  before=$(sha256sum < /tmp/pages)
  direct4 && on a ./pour splice 127.0.0.1 4649 /tmp/pages &&
    is "$(drop_count a bad-seal)" 40 'with a wrong seal' &&
    is "$(sha256sum < /tmp/pages)" "$before" 'the file'
}

case_splice() { in_suite 1 splice_lo; }

# Everyone who listens has the packet too: it is opened in a copy.
case_tapped() {
  local tap result
  on b tcpdump -Z root -i up0 -s 0 -U -w /tmp/tap udp 2> /tmp/tap.log &
  tap=$!
  comes /tmp/tap.log listening && direct4 && transfer 198.18.0.2 && both_families
  result=$?
  kill $tap
  wait $tap
  [ "$(stat -c %s /tmp/tap)" -gt "$bytes" ] || result=1
  if tcpdump -Z root -r /tmp/tap -X 2> /dev/null | head -2000 | grep -q '!"#\$%&'; then
    echo '# the tap has seen what was opened'
    result=1
  fi
  [ $result = 0 ] && flush
}

# b's uplink is a port of a bridge, whose packets go through the hooks of IP too.
case_bridged() {
  local result
  modprobe br_netfilter && ip -n b link add br0 type bridge || return 1
  ip -n b address flush dev up0
  ip -n b link set up0 master br0
  address b br0 10.2.0.1/24 fd02::1/64
  ip -n b route replace default via 10.2.0.254
  ip -n b route replace default via fd02::fe
  on b bash -c 'cd /proc/sys/net/bridge && echo 1 > bridge-nf-call-iptables && echo 1 > bridge-nf-call-ip6tables' &&
    direct4 && both_families && transfer 198.18.0.2 && flush &&
    new_path '[fd01::1]:4649' '[fd02::1]:4649' && both_families && transfer fd00:18::2
  result=$?
  ip -n b link del br0
  address b up0 10.2.0.1/24 fd02::1/64
  ip -n b route replace default via 10.2.0.254
  ip -n b route replace default via fd02::fe
  rmmod br_netfilter bridge
  [ $result = 0 ] && flush
}

# Both ends have 198.18.0.1; each knows the other by another address.
aliased() {
  local result=1
  ip -n b address add 198.18.0.1/32 dev ntm0
  ip -n b route add 198.18.0.8 dev ntm0 src 198.18.0.1
  ctl a path-new ntm0 path-id=$id side=0 kind=0 address=198.18.0.9 alias4=198.18.0.9 peer4=198.18.0.1 &&
    ctl b path-new ntm0 path-id=$id side=1 kind=0 address=198.18.0.8 alias4=198.18.0.8 peer4=198.18.0.1 &&
    set_route a 10.2.0.1:4649 && set_route b 10.1.0.1:4649 && new_key 0 "$key_ab" "$key_ba" &&
    pings 198.18.0.9 && transfer 198.18.0.9 && refused_port && quoted && result=0
  ip -n b route del 198.18.0.8
  ip -n b address del 198.18.0.1/32 dev ntm0
  return $result
}

# An ICMP error about a packet to the alias reaches the socket that sent it.
refused_port() {
  on a bash -c 'exec 3<> /dev/udp/198.18.0.9/9; echo 1 >&3; sleep 0.5; echo 2 >&3' 2> /tmp/refused
  contains /tmp/refused 'Connection refused'
}

# And one from here about a packet of the alias reaches the other end.
quoted() {
  on b bash -c 'exec 3<> /dev/udp/198.18.0.8/9; echo 1 >&3; sleep 0.5; echo 2 >&3' 2> /tmp/refused
  contains /tmp/refused 'Connection refused'
}

case_alias() { in_suite 0 aliased && in_suite 2 aliased; }

case_hold() {
  direct4 hold-ms=60000 && pings 198.18.0.2 || return 1
  ip -n b address add 10.2.0.9/24 dev up0
  ip -n b route replace default via 10.2.0.254 src 10.2.0.9
  on b ping -q -c 3 -i 0.3 -W 1 198.18.0.1 > /tmp/ping 2>&1
  is "$(path_value a endpoint)" 10.2.0.1:4649 endpoint
  local result=$?
  ip -n b route replace default via 10.2.0.254
  ip -n b address del 10.2.0.9/24 dev up0
  [ $result = 0 ] && flush
}

# From the address and with the mark that the route names.
case_route() {
  local result=1
  ip -n a address add 10.1.0.9/24 dev up0
  ip -n a rule add fwmark 77 table 77
  ip -n a route add unreachable default table 77
  direct4 && set_route a 10.2.0.1:4649,local=10.1.0.9 && pings 198.18.0.2 &&
    is "$(path_value b endpoint)" 10.1.0.9:4649 endpoint && set_route a 10.2.0.1:4649,mark=77 &&
    ! pings -W 1 198.18.0.2 && [ "$(drop_count a no-route)" -ge 3 ] &&
    set_route a "10.2.0.1:4649,uplink=$(on a cat /sys/class/net/up0/ifindex)" && pings 198.18.0.2 &&
    result=0
  ip -n a rule del fwmark 77 table 77
  ip -n a address del 10.1.0.9/24 dev up0
  [ $result = 0 ] && flush
}

# A NAT of b's own turns what comes to another port back to its own, after the module has seen it.
case_turned_back() {
  local result=1
  on b nft 'table inet turn { chain pre { type nat hook prerouting priority dstnat;
    udp dport 50417 redirect to :4649; }; }'
  new_path 10.1.0.1:4649 10.2.0.1:50417 && pings 198.18.0.2 && flush &&
    new_path '[fd01::1]:4649' '[fd02::1]:50417' && pings fd00:18::2 && result=0
  on b nft delete table inet turn
  [ $result = 0 ] && flush
}

# r marks what it forwards as congested; b hears of it, and the class of the inner packet stays inside.
case_congestion() {
  local seen=/tmp/congestion result=1
  on r nft -f - << 'RULES'
table ip marks {
  counter classes { }
  chain forward {
    type filter hook forward priority 0;
    udp dport 4649 ip dscp != 0 counter name classes
    udp dport 4649 ip ecn ect0 ip ecn set ce
  }
}
RULES
  on b nft 'table ip marks { counter congested { }; chain input { type filter hook input priority 0;
    iifname ntm0 ip dscp ef ip ecn ce counter name congested; }; }'
  direct4 && pings -Q 0xba 198.18.0.2 && on b nft list counters > $seen &&
    contains $seen 'packets 3 ' && on r nft list counters > $seen &&
    contains $seen 'packets 0 ' && result=0
  on r nft delete table ip marks
  on b nft delete table ip marks
  [ $result = 0 ] && flush
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

# Everything is ready but the key of epoch 1 in use at a; that comes when the ping has been sent.
case_waits() {
  local result
  watch a || return 1
  on a ping -q -c 1 -W 1 198.18.0.2 > /tmp/ping 2>&1
  comes /tmp/watch-a 'no-path destination=198.18.0.2'
  result=$?
  kill "$watcher"
  direct4 && ctl a key-del ntm0 path-id=$id epoch=0 &&
    ctl a key-set ntm0 path-id=$id epoch=1 send-key="$key_ab2" receive-key="$key_ba2" &&
    ctl b key-set ntm0 path-id=$id epoch=1 send-key="$key_ba2" receive-key="$key_ab2" &&
    ctl b key-use ntm0 path-id=$id epoch=1 || return 1
  on a bash ./after-echo.sh 198.18.0.2 ./ntmctl key-use ntm0 path-id=$id epoch=1 || result=1
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

slab() { awk -v name="$1" '$1 == name { print $2 }' /proc/slabinfo; }

# What a flood takes is given back: nothing is left of the module, and no more packets than a few.
case_memory() {
  local before after rest
  before=$(slab skbuff_head_cache)
  direct4 && on a ping -q -f -w 4 198.18.0.2 > /tmp/flood 2>&1
  transfer 198.18.0.2 && [ "$(slab ntm_path)" -ge 2 ] && flush &&
    delete_devices && rmmod ntmobile || return 1
  after=$(slab skbuff_head_cache)
  rest=$(grep -c '^ntm_' /proc/slabinfo)
  insmod ./ntmobile.ko && add_devices && is "$rest" 0 'caches left' &&
    { [ $((after - before)) -lt 1500 ] || { echo "# packets: $before, then $after"; return 1; }; }
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

# What a kernel that checks itself has to say: nothing. kmemleak looks twice, at what is some seconds old.
case_sound() {
  local leaks=/sys/kernel/debug/kmemleak
  dmesg | grep -E 'BUG:|WARNING:|INFO: possible|ODEBUG:|suspicious RCU|invalid wait context' > /tmp/sound
  mount -t debugfs debug /sys/kernel/debug 2> /dev/null
  if [ -e $leaks ]; then
    for _ in 1 2; do sleep 6; echo scan > $leaks; done
    cat $leaks >> /tmp/sound
  fi
  [ ! -s /tmp/sound ] || { sed 's/^/# /' /tmp/sound | head -60; return 1; }
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
  'both_kinds: what ends at a Relay Server is not relayed there'
  'exit_and_node: a node that is an exit too answers by the right one of two paths'
  'burst: a super-packet that arrives is looked at datagram by datagram'
  'control_burst: control messages of two paths in one burst reach the socket one by one'
  'refusals: every refused command says why in a sentence'
  'rekey: a new key is taken into use without losing a packet'
  'float: an authenticated packet from a new address moves a direct path'
  'no_float: it does not move a relayed one'
  'lost: what the way loses is told exactly, and what was lost before a pause'
  'late: packets that come late are not lost'
  'replay: the second copy of a packet is dropped as replayed'
  'forged: a packet under another key changes nothing but a counter'
  'hostile: forged, truncated, misdirected and fragmented packets change nothing but counters'
  'oversized: inner packets longer than the path are fragmented, and outer ones where they may be'
  'exhaustion: a key that has sealed its number of packets seals no more'
  'sendfile: pages sent again after loss are sealed right, and the file stays as it is'
  'splice: pages of a file that come by lo are not opened in place'
  'tapped: packets are opened in a copy while someone listens'
  'bridged: packets by way of a bridge with br_netfilter are received'
  'alias: both ends may have the same IPv4 address, also in ICMP errors'
  'hold: a path that is held is moved by no packet'
  'route: source address, mark and interface are those of the route'
  'turned_back: what a NAT of the own machine turned back to the port is taken, both families'
  'congestion: a congestion mark comes through, the class of the traffic does not go out'
  'inner_source: an inner source that is not of the path is dropped'
  'behind: an inner source routed by way of the path is accepted'
  'waits: a notice asks for a path, and the first packet waits for it'
  'mtu: a packet too big for the path is answered with the right size, both families'
  'silent: a path that hears nothing back is told'
  'idle: a relayed path without data is told'
  'many: 100,000 relayed paths fit, are dumped and go away'
  'churn: paths come and go under load'
  'memory: all memory is given back'
  'unload: devices, namespaces and the module go away under traffic'
  'sound: the kernel has complained of nothing, nor lost memory where it looks for that'
)

# So many TCP carries; the kernel's command line may ask for fewer.
bytes=$(value ntm.bytes < /proc/cmdline)
readonly bytes=${bytes:-3000000}
head -c "$bytes" /dev/urandom > /tmp/sent
echo 'KTAP version 1'
echo "1..${#cases[@]}"
failures=0
# Those named on the kernel's command line, else all; the first and the last always.
only=$(value ntm.cases < /proc/cmdline)
for index in "${!cases[@]}"; do
  name=${cases[$index]%%:*}
  case ",loads,sound,$only," in *",$name,"* | ',loads,sound,,') ;; *) continue ;; esac
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
