'use strict';
'require baseclass';

/*
 * What the daemon says is English. These are the forms of its sentences: one that fits is shown in the
 * language of the reader, with the same names and numbers; any other as it came.
 */

/* `_` is the function that marks and translates; here it leaves the texts as they are. */
const forms = (function(_) {
	return [
		/* Names of checks */
		_('Configuration'),
		_('Daemon'),
		_('Data path'),
		_('Direction Server'),
		_('MTU'),
		_('NAT'),
		_('Path to %s'),
		_('Name servers'),
		_('Primary name server'),
		_('Registration'),
		_('Relay Server %s'),
		_('Relay Server registration'),
		_('Relay Servers'),
		_('Uplink'),
		_('Uplinks'),
		_('Virtual IP pool'),
		_('Zone %s'),

		/* Findings */
		_('%s of %s addresses are free.'),
		_('All %s addresses of %s are given out.'),
		_('No Relay Server is online: nodes behind NATs cannot reach each other.'),
		_('Its Direction Server does not answer.'),
		_('The Direction Server names none: peers behind NATs cannot be reached.'),
		_('%s carries %s bytes.'),
		_('%s carries %s bytes, too little for IPv6.'),
		_('%s on %s leads out.'),
		_('No address of this device has a route to the outside.'),
		_('Registered as %s.'),
		_('%s refuses this device.'),
		_('There is no network to register over.'),
		_('the Direction Server does not answer.'),
		_('%s does not answer.'),
		_('%s does not answer for %s.'),
		_('%s answers.'),
		_('%s is not in use yet.'),
		_('%s answers for %s.'),
		_('None: %s is its own.'),
		_('Behind one, seen as %s. Peers behind NATs are reached through a relay first.'),
		_('Not known before the registration.'),
		_('Data is sent and nothing comes back.'),
		_('No network connection is up.'),
		_('Names in %s could not be given to the primary server: %s'),
		_('This system names no name server but forwarders on itself: other zones are not found.'),

		/* What to do */
		_('Mend it in %s and restart the daemon.'),
		_('See that it runs, holds that zone as primary, and lets the key in ds.update_key_file update it: name, hmac-sha256 and secret have to be the same there. All names follow by themselves.'),
		_('Name one in /etc/resolv.conf, or with "list dns_upstream" in the section "node".'),
		_('Enlarge "option pool" in section "ds", or remove nodes with "ntmobile remove".'),
		_('Start a Relay Server and let UDP through to it.'),
		_('Compare "address" and "key" of its section with what its owner says.'),
		_('Ask its owner to run a Relay Server ("ntmobile invite NAME --relay").'),
		_('Set "option mtu" in section "node" to 1280 or more.'),
		_('Connect a network; a default route must lead through it.'),
		_('Ask its owner for a new invite and join again.'),
		_('Ask its owner; this device tries again by itself.'),
		_('Check that it runs, that its address is still right, and that UDP port %s is let through.'),
		_('Check that it runs, that its address is still right, and that UDP port %s is let through. "ds_key" must be the key of that server.'),
		_('See whether the peer is online. "ntmobile close" and "ntmobile connect" build the path anew.'),
		_('Connect this device to a network.'),

		/* State of the registration, and what a call is refused with */
		_('No network connection that leads to the Direction Server.'),
		_('Waiting for the Direction Server to answer.'),
		_('The Direction Server answers.'),
		_('The Direction Server does not answer.'),
		_('This node is not registered yet.'),
		_('Which peer? Give a name, a virtual IP or a Node ID.'),
		_('No answer from the peer.'),
		_('The path did not come up in time: the peer does not answer.'),
		_('There is no path to "%s". "ntmobile paths" lists them.'),
		_('There is no open invite for "%s". "ntmobile invites" lists them.'),
		_('No node is called "%s". "ntmobile nodes" lists them.'),
		_('Set "list address" in the "ds" section first: without it the invite could not say where to go.'),
		_('"hours" must be more than 0 and at most %s.'),
		_('This daemon runs no %s; "%s" is a question to one.'),
		_('The daemon is ending.'),
		_('The change could not be written to disk; see the log. Free disk space and try again.'),
		_('This key is not enrolled here. Ask the owner of the Direction Server for an invite.'),
		_('This invite is not known. Ask for a new one.'),
		_('This invite has expired. Ask for a new one.'),
		_('This invite was already used by another device. Ask for a new one.'),
		_('This node was removed by the owner of the Direction Server.'),
		_('This name belongs to another node. Choose another one.'),
		_('A name is 1 to 63 letters, digits and hyphens.'),
		_('The pool of virtual IPs is used up. Enlarge "pool" in the DS settings or remove nodes.'),
		_('No such node.'),
		_('That node is known but not online.'),
		_('No Direction Server is known for that zone.'),
		_('The owner does not allow paths to or from that zone.'),
		_('No Relay Server is available for this path.'),
		_('No Relay Server here carries traffic to general nodes.'),
		_('That Path ID belongs to another path.'),
		_('This server is at its limit. Try again later.'),
		_('Not allowed for this sender.'),
		_('No such path.'),
		_('This invite is for the other role, node or Relay Server. Ask for a new one.'),
		_('The owner of a Direction Server has to accept the other zone first, with "ntmobile trust ZONE".'),
		_('That zone has another key than before. Its owner must confirm it, then "ntmobile trust ZONE" on your Direction Server.'),
		_('That name is another node than before. Its owner must confirm it, then "ntmobile trust NAME" on your Direction Server.'),
		_('The kernel module ntmobile is loaded and of the right version.'),
		_('The kernel module ntmobile is not loaded and was not found. Install kmod-ntmobile.'),
		_('The kernel module ntmobile is older than this daemon (netlink version %s, not %s). Install the kmod-ntmobile of the same release.'),
		_('The kernel module ntmobile is newer than this daemon (netlink version %s, not %s). Install the kmod-ntmobile of the same release.'),
		_('The kernel module refused: %s.'),
		_('A device %s exists and is not one of the kernel module.'),
		_('No kernel module: %s.'),

		/* Invites */
		_('There is no invite: it is one line that starts with "ntm1:".'),
		_('The invite was changed on its way: it must start with "ntm1:" in small letters.'),
		_('This invite is of version %s, which this software does not know. Update ntmobile.'),
		_('This is no invite: an invite is one line that starts with "ntm1:".'),
		_('The invite holds "%s", which no invite does. Copy the whole line again.'),
		_('The invite is mistyped or cut off: its checksum is wrong. Copy the whole line again.'),
		_('The invite is complete but makes no sense to this software. Ask the owner of the Direction Server for a new one.'),
		_('The invite suggests a name that cannot be one. Ask the owner of the Direction Server for a new one.'),
		_('The invite names no address of its Direction Server. Its owner must set "list address" in the "ds" section and make a new one.'),
		_('This invite expired %s ago. Ask the owner of the Direction Server for a new one.'),

		/* Settings */
		_('takes one value and has %s. Keep one of them.'),
		_('has %s values; %s are allowed.'),
		_('"%s" must be 1 or 0.'),
		_('"%s" must be a whole number from %s to %s.'),
		_('"%s" must be one of %s.'),
		_('"%s" must be 1 to 63 letters, digits and hyphens, with no hyphen at an end.'),
		_('"%s" must be a domain name such as home.example.'),
		_('"%s" must begin with ntm and have 4 to 15 letters and digits, such as ntm0.'),
		_('"%s" must be an IP address and port such as %s.'),
		_('"%s" must be an IP address and port such as %s. Names are not resolved here.'),
		_('"%s" is no address that other machines can send to.'),
		_('"%s" must be the name of a firewall zone, such as wan.'),
		_('"%s" must be the name of a node, such as router or router.office.example.'),
		_('"%s" must be the IP address of a host, such as 192.168.1.20.'),
		_('"%s" must be the whole path of a file, beginning with /.'),
		_('"%s" must be a prefix such as 192.0.2.0/24.'),
		_('"%s" has a length above %s.'),
		_('"%s" must be written %s.'),
		_('"%s" must be an IPv4 prefix.'),
		_('"%s" must have a length from 8 to 30, such as 198.18.16.0/20.'),
		_('This must be a public key of 64 hexadecimal digits; it is not. "ntmobile status" at the server shows it.'),
		_('This must be a public key of 64 hexadecimal digits; it has %s. "ntmobile status" at the server shows it.'),
		_('is missing: %s'),
		_('is missing: "ds_address" alone does not prove the server.'),
		_('is missing: give the address of the Direction Server.'),
		_('is missing: give the domain of your nodes, such as home.example.'),
		_('is missing: give the address at which nodes reach this server, such as 203.0.113.10.'),
		_('is missing: give the address at which nodes reach this server, such as 203.0.113.20.'),
		_('is missing: give the prefix behind the other node, such as 192.168.1.0/24.'),
		_('is missing: give the name of the node that exports it.'),
		_('is missing: give the domain of the other Direction Server.'),
		_('is missing: give the address of its Direction Server.'),
		_('is missing: give the public key of its Direction Server.'),
		_('is missing: give a host, or "prefix" for many.'),
		_('does not go with "host". Make a second section.'),
		_('is for a host. Hosts of a prefix are reached at their own ports.'),
		_('is missing: "host_port" says only where it leads.'),
		_('There are %s sections of type "%s"; %s are allowed.'),
		_('There is a second section of type "%s". Keep one.'),
		_('"%s" is taken by this server or by another section.'),
		_('"%s" is the device of the node too. Give each its own.'),
		_('This invite is for a Relay Server. Ask for one for a node.'),
		_('This invite is for a node. Ask for one for a Relay Server.'),
		_('No Direction Server is known. Ask its owner for an invite and run "ntmobile join INVITE".'),
		_('No role is enabled. Join a network with "ntmobile join INVITE", or set "option enabled 1" in a section "ds" to start one.')
	];
})(text => text);

/* The more letters of its own a form has, the better it fits. */
const patterns = forms.map(form => {
	const parts = form.split('%s');

	return {
		form: form,
		letters: parts.join('').length,
		pattern: new RegExp('^' + parts.map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('([^]*?)') + '$')
	};
}).sort((left, right) => right.letters - left.letters);

/* "node.device: …": where the problem is, as the daemon puts it in front. */
const placed = /^([A-Za-z0-9_@[\]-]{1,64}(?:\.[a-z0-9_]{1,32})?: )([^]+)$/;

function find(text) {
	for (const each of patterns) {
		const match = each.pattern.exec(text);

		if (match)
			return { form: each.form, values: match.slice(1) };
	}

	return null;
}

return baseclass.extend({
	/* Whether there is a form for it. */
	isKnown(text) {
		const match = placed.exec(text);

		return find(text) != null || (match != null && find(match[2]) != null);
	},

	translate(text) {
		const found = find(String(text));

		if (found) {
			let index = 0;

			return _(found.form).replace(/%s/g, () => found.values[index++]);
		}

		const match = placed.exec(text);

		return match && find(match[2]) ? match[1] + this.translate(match[2]) : String(text);
	}
});
