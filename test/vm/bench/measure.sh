#!/bin/bash
# Every path between two hosts, then every kind of relay between them. The counting plugin writes the
# figures; a line "traffic …" tells which window is which.
#
#     ntm.only=WORD of the kernel's command line: measurements with WORD in their label alone
set -u
umask 077
cd /bench || exit 1

# shellcheck disable=SC2013 # words are wanted
for word in $(cat /proc/cmdline); do
  case $word in ntm.only=*) only=${word#ntm.only=} ;; ntm.heavy=*) heavy=${word#ntm.heavy=} ;; esac
done
only=${only:-} heavy=${heavy:-4194304}
readonly bytes=8388608 datagrams=4096 bursts=5632
key_ab=$(printf 'a1%.0s' {1..32})
key_ba=$(printf 'b2%.0s' {1..32})

on() { ip netns exec "$@"; }
ctl() { local where=$1; shift; on "$where" ./ntmctl "$@"; }
say() { echo "# $*"; }

# measure LABEL KIND FROM TO ADDRESS COUNT SIZE [OPTION]...
measure() { case $1 in *"$only"*) ./traffic "$@" ;; esac; }

# link HOST DEVICE ADDRESS HOST DEVICE ADDRESS
link() {
  ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
  ip -n "$1" address add "$3" dev "$2"
  ip -n "$4" address add "$6" dev "$5"
  ip -n "$1" link set "$2" up
  ip -n "$4" link set "$5" up
}

# Which work the devices leave to the system: none, all, or as a network card without segmentation of
# UDP would, with the receiver putting packets together.
offloads() {
  local state=$1 host=$2 device=$3
  local all='tso gso gro tx rx sg' features=()
  for each in $all; do features+=("$each" on); done
  on "$host" ethtool -K "$device" "${features[@]}" tx-udp-segmentation on gro off > /dev/null 2>&1
  case $state in
    off)
      features=()
      for each in $all; do features+=("$each" off); done
      on "$host" ethtool -K "$device" "${features[@]}" > /dev/null 2>&1
      ;;
    nic) on "$host" ethtool -K "$device" tso off tx-udp-segmentation off gro on > /dev/null 2>&1 ;;
  esac
}

# As on a router: states are tracked, what belongs to none is judged by a few rules.
firewall() {
  on "$1" nft -f - <<'RULES'
table inet firewall {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lo" accept
    meta l4proto { 1, 4 } accept
    udp dport { 3478, 4649-4653, 4789, 5000, 5001, 5555, 7777 } accept
    tcp dport 7777 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
    ct state established,related accept
  }
}
RULES
}

# wireguard HOST DEVICE ADDRESS PORT OUTSIDE HOST DEVICE ADDRESS PORT OUTSIDE
wireguard() {
  wg genkey > /run/one
  wg genkey > /run/two
  wireguard_end "$1" "$2" "$3" "$4" /run/one "$(wg pubkey < /run/two)" "${10}:$9"
  wireguard_end "$6" "$7" "$8" "$9" /run/two "$(wg pubkey < /run/one)" "$5:$4"
}

wireguard_end() {
  ip -n "$1" link add "$2" type wireguard
  on "$1" wg set "$2" private-key "$5" listen-port "$4" peer "$6" allowed-ips 0.0.0.0/0 endpoint "$7"
  ip -n "$1" address add "$3" dev "$2"
  ip -n "$1" link set "$2" up
}

fou_end() {
  ip -n "$1" fou add port 5555 ipproto 4
  ip -n "$1" link add fou0 type ipip remote "$3" local "$2" encap fou encap-sport 5555 encap-dport 5555
  ip -n "$1" address add "$4" dev fou0
  ip -n "$1" link set fou0 up
}

vxlan_end() {
  ip -n "$1" link add vx0 type vxlan id 5 remote "$3" local "$2" dstport 4789
  ip -n "$1" address add "$4" dev vx0
  ip -n "$1" link set vx0 up
}

# ntmobile DEVICE PORT NETWORK [ATTRIBUTE]...: the path's devices have NETWORK.1 and NETWORK.2.
ntmobile() {
  local device=$1 port=$2 network=$3
  ntmobile_end a "$device" "$port" "$network.1" "$network.2" 0 10.0.0.2 "$key_ab" "$key_ba" "${@:4}" &&
    ntmobile_end b "$device" "$port" "$network.2" "$network.1" 1 10.0.0.1 "$key_ba" "$key_ab" "${@:4}"
}

ntmobile_end() {
  local host=$1 device=$2 port=$3 path="path-id=112233445566$3"
  ip -n "$host" link add "$device" type ntmobile &&
    ctl "$host" dev-set "$device" port="$port" &&
    ip -n "$host" link set "$device" addrgenmode none up &&
    ip -n "$host" address add "$4/24" dev "$device" &&
    ctl "$host" path-new "$device" "$path" side="$6" kind=0 address="$5" &&
    ctl "$host" path-set "$device" "$path" route="$7:$port" &&
    ctl "$host" key-set "$device" "$path" epoch=0 send-key="$8" receive-key="$9" "${@:10}" &&
    ctl "$host" key-use "$device" "$path" epoch=0
}

build_pair() {
  ip netns add a
  ip netns add b
  link a va 10.0.0.1/24 b vb 10.0.0.2/24
  wireguard a wg0 10.1.0.1/24 5000 10.0.0.1 b wg0 10.1.0.2/24 5001 10.0.0.2
  vxlan_end a 10.0.0.1 10.0.0.2 10.2.0.1/24
  vxlan_end b 10.0.0.2 10.0.0.1 10.2.0.2/24
  fou_end a 10.0.0.1 10.0.0.2 10.3.0.1/24
  fou_end b 10.0.0.2 10.0.0.1 10.3.0.2/24
  on a ./traffic hold 4649 4650 4651 &
  holders=("$!")
  on b ./traffic hold 4649 4650 4651 &
  holders+=("$!")
  ntmobile ntm0 4649 10.4.0 || say 'chacha20-poly1305 cannot be had'
  ntmobile ntm1 4650 10.5.0 suite=1 || say 'aes-128-gcm cannot be had'
  ntmobile ntm2 4651 10.6.0 suite=2 || say 'none cannot be had'
}

# reach FROM ADDRESS: what is learned once (neighbours, handshakes) is learned now.
reach() { on "$1" ping -q -c 2 -i 0.2 -W 2 "$2" > /dev/null 2>&1; }

# three LABEL ADDRESS BYTES: one row of the table.
three() {
  case $1 in *"$only"*) ;; *) return ;; esac
  reach a "$2" || { say "$1 reaches nothing"; return; }
  measure "$1" tcp a b "$2" "$3" 65536
  measure "$1" udp a b "$2" $datagrams 64
  measure "$1" udp a b "$2" $datagrams 1372
}

tunnels() {
  three "plain,-,$1" 10.0.0.2 $bytes
  three "fou,-,$1" 10.3.0.2 $bytes
  three "vxlan,-,$1" 10.2.0.2 $bytes
  three "wireguard,chacha20-poly1305,$1" 10.1.0.2 $bytes
  three "ntmobile,chacha20-poly1305,$1" 10.4.0.2 $bytes
  three "ntmobile,aes-128-gcm,$1" 10.5.0.2 "$heavy"
  three "ntmobile,none,$1" 10.6.0.2 $bytes
}

measure_tunnels() {
  local conntrack state
  for conntrack in no yes; do
    if [ $conntrack = yes ]; then firewall a; firewall b; fi
    for state in on off nic; do
      offloads $state a va
      offloads $state b vb
      tunnels "$state,$conntrack"
    done
  done
}

#     a 10.7.1.1 ---- 10.7.1.2 m 10.7.2.2 ---- 10.7.2.1 b, and for comparison a 10.7.9.1 ---- 10.7.9.2 b
build_middle() {
  ip netns add c
  ip netns add d
  ip netns add m
  link c ca 10.7.1.1/24 m left 10.7.1.2/24
  link m right 10.7.2.2/24 d da 10.7.2.1/24
  link c cd 10.7.9.1/24 d dc 10.7.9.2/24
  ip -n c route add default via 10.7.1.2
  ip -n d route add default via 10.7.2.2
  on m sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  wireguard c wg0 10.8.1.1/24 5000 10.7.1.1 m wg1 10.8.1.2/24 5000 10.7.1.2
  wireguard m wg2 10.8.2.2/24 5001 10.7.2.2 d wg0 10.8.2.1/24 5001 10.7.2.1
  ip -n c route add 10.8.2.0/24 dev wg0
  ip -n d route add 10.8.1.0/24 dev wg0
  reach c 10.7.2.1
  reach c 10.7.9.2
  reach m 10.8.1.1
  reach m 10.8.2.1
}

# passes LABEL ADDRESS [OPTION]...: single datagrams, then super-packets, which a path of the relay's
# own needs an equal direct measurement for.
passes() {
  measure "$1" udp c d "$2" $datagrams 64 "${@:3}"
  measure "$1" burst c d "$2" $bursts 1372 coalesce "${@:3}"
}

relay_path=1122334455667788

relayed() {
  on m ./traffic hold 4649 &
  ip -n m link add ntm0 type ntmobile &&
    ctl m dev-set ntm0 port=4649 &&
    ctl m relay-new ntm0 path-id=$relay_path &&
    ctl m relay-leg ntm0 path-id=$relay_path side=0 endpoint=10.7.1.1:4650 &&
    ctl m relay-leg ntm0 path-id=$relay_path side=1 endpoint=10.7.2.1:4650
}

measure_relays() {
  passes relay,direct 10.7.9.2
  passes relay,forward 10.7.2.1
  reach c 10.8.2.1 && measure relay,wireguard-hub udp c d 10.8.2.1 $datagrams 64
  reach c 10.8.2.1 && measure relay,wireguard-hub burst c d 10.8.2.1 $datagrams 1372 coalesce
  firewall m
  passes relay,forward-stateful 10.7.2.1
  if relayed; then
    passes relay,ntmobile 10.7.1.2 to=4649 from=4650 port=4650 path=$relay_path
  else
    say 'no relayed path can be had'
  fi
  measure_turn
  on m nft -f - <<'RULES'
table ip nat {
  chain in { type nat hook prerouting priority dstnat; ip daddr 10.7.1.2 udp dport 7777 dnat to 10.7.2.1; }
  chain out { type nat hook postrouting priority srcnat; oifname "right" masquerade; }
}
RULES
  passes relay,dnat-masquerade 10.7.1.2
}

# A TURN server as people run it, with all that is not needed switched off. It sees no super-packets.
measure_turn() {
  on m turnserver -n --no-auth --no-tcp --no-tcp-relay --no-tls --no-dtls --no-cli --listening-ip 10.7.1.2 \
    --relay-ip 10.7.2.2 --allow-loopback-peers --log-file /run/turn.log --simple-log \
    --pidfile /run/turn.pid --min-port 50000 --max-port 50100 -m 1 > /dev/null 2>&1 &
  local server=$!
  # It begins with a module for SCTP, which takes its time.
  for _ in {1..600}; do
    on m grep -q ':0D96 ' /proc/net/udp && break
    sleep 0.1
  done
  sleep 2
  measure relay,coturn udp c d 10.7.2.1 $datagrams 64 turn=10.7.1.2
  kill $server
  wait $server 2> /dev/null
}

for module in veth wireguard ipip fou vxlan nf_tables nft_ct nft_masq nft_nat nft_chain_nat \
  libchacha20poly1305; do
  modprobe $module || say "no module $module"
done
modprobe aesni_intel 2> /dev/null
insmod ./ntmobile.ko || say 'the module does not load'
echo 0 > /proc/sys/kernel/watchdog
build_pair
measure_tunnels
kill "${holders[@]}"
ip netns del a
ip netns del b
build_middle
measure_relays
cat /proc/kallsyms > /bench/kallsyms
say finished
