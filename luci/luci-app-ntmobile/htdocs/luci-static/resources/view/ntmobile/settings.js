'use strict';
'require view';
'require form';
'require uci';
'require ntmobile.page as page';
'require ntmobile.rules as rules';
'require ntmobile.words as words';

/*
 * The form is made from the daemon's own table of options (ntmobile/rules.js): what a section may hold and
 * what is a right value is asked there. Here stand the titles and help texts; an option that has none yet
 * is shown all the same, among the advanced ones.
 */

const texts = {
	ntmobile: {
		port: { title: _('UDP port'), help: _('All messages of NTMobile use this port, and the firewall lets it in by itself. When empty: 4649 on a server; a router that is only a node draws a port once and keeps it.') },
		log_level: {
			title: _('Log'),
			help: _('How much goes to the system log.'),
			choices: [ [ 'error', _('errors') ], [ 'warn', _('warnings') ], [ 'info', _('what happens') ], [ 'debug', _('everything, for a bug report') ] ],
			absent: 'info'
		},
		datapath: {
			title: _('Data path'),
			help: _('Packets go through the kernel module where it is there, which is many times faster.'),
			choices: [ [ 'auto', _('the kernel module if it is there') ], [ 'kernel', _('the kernel module only') ], [ 'user', _('in user space') ] ],
			absent: 'auto',
			isAdvanced: true
		},
		suite: { title: _('More cipher suites'), help: _('Used instead of ChaCha20-Poly1305 on paths whose other owner allows them too: aes-128-gcm, with the kernel module only; none, which lets anybody on the way read and change the data.'), isAdvanced: true },
		firewall: { title: _('Rules for the firewall'), help: _('Lets in the UDP port, and out what an exit carries. Without it you make the rules yourself.'), isFlag: true, isOnWhenAbsent: true, isAdvanced: true },
		wan_zone: { title: _('Zones that lead out'), help: _('Zones of the firewall that an exit may use.'), shown: 'wan', isAdvanced: true }
	},

	node: {
		enabled: { title: _('Enabled'), help: _('This router is a node: it has a virtual IP, and its connections survive when its uplink changes.'), isFlag: true },
		name: { title: _('Name'), help: _('How the others call this router. Without one, the name in the invite.') },
		exit_prefix: { title: _('By way of a Relay Server'), help: _('Destinations outside NTMobile that are reached through a Relay Server, so that these connections survive a move too. All of IPv4: 0.0.0.0/0.') },
		dns: { title: _('Names of nodes'), help: _('Programs on this router and on its LAN find nodes by name.'), isFlag: true, isOnWhenAbsent: true },
		publish: { title: _('Tell the real address'), help: _('Anyone may then learn by DNS where this router is now.'), isFlag: true, isAdvanced: true },
		punch: { title: _('Direct between NATs'), help: _('Try a direct path when both ends are behind NATs.'), isFlag: true, isOnWhenAbsent: true, isAdvanced: true },
		device: { title: _('Virtual interface'), help: _('Its name; begins with ntm.'), shown: 'ntm0', isAdvanced: true },
		mtu: { title: _('MTU'), help: _('Largest packet on the virtual interface, in bytes.'), shown: '1400', isAdvanced: true },
		idle: { title: _('Idle time'), help: _('Seconds without data after which a path ends.'), shown: '600', isAdvanced: true },
		dns_zone: { title: _('More zones'), help: _('Domains of other networks that are resolved here too, besides those that the Direction Server names.'), shown: 'office.example', isAdvanced: true },
		dns_listen: { title: _('Resolver'), help: _('Where names of nodes are resolved; dnsmasq asks there.'), shown: '127.0.0.1:5649', isAdvanced: true },
		dns_upstream: { title: _('Name servers'), help: _('Asked instead of those of the system.'), isAdvanced: true },
		dns_forward_file: { title: _('File for dnsmasq'), help: _('Where the lines go that make a dnsmasq ask here, if it is not the one of this system.'), isAdvanced: true },
		ds_address: { title: _('Direction Server'), help: _('Its address and port. Set by joining.'), isAdvanced: true },
		ds_key: { title: _('Key of the Direction Server'), help: _('64 hexadecimal digits. Set by joining.'), isAdvanced: true },
		invite: { title: _('Invite'), help: _('Taken in and removed at the next start. The overview page is the easier way.'), isAdvanced: true }
	},

	ds: {
		enabled: { title: _('Enabled'), help: _('This router directs a network of its own.'), isFlag: true },
		zone: { title: _('Domain'), help: _('Nodes get names below it. Choose it once and keep it.'), shown: 'home.example' },
		address: { title: _('Public address'), help: _('Where nodes and Relay Servers reach this server, with “:port” if it is another one. Up to four.'), shown: '203.0.113.10' },
		pool: { title: _('Virtual IPv4 addresses'), help: _('The prefix that nodes get theirs from. When empty, one is derived from the key of this server.'), shown: '198.18.16.0/20', isAdvanced: true },
		foreign: {
			title: _('Zones of others'),
			help: _('What happens with a zone that DNS finds. Those below are used in any case.'),
			choices: [ [ 'ask', _('used once accepted') ], [ 'allow', _('used at once') ], [ 'deny', _('never used') ] ],
			absent: 'ask'
		},
		dns: { title: _('Answer DNS'), help: _('Answers questions for the names of this network, to anyone who asks.'), isFlag: true },
		dns_listen: { title: _('Where DNS is answered'), help: _('When empty, at the public address, port 53.'), isAdvanced: true },
		dns_ns: { title: _('Name servers of the domain'), help: _('When empty, “ns” in the domain.'), shown: 'ns.home.example', isAdvanced: true },
		dns_rate: { title: _('DNS answers a second'), help: _('To one address over UDP; 0 for no limit.'), isAdvanced: true },
		update_server: { title: _('Primary DNS server'), help: _('One of the operator’s that gets the names as dynamic updates.'), isAdvanced: true },
		update_zone: { title: _('Domain there'), help: _('That holds the names; when empty, the domain of this network.'), isAdvanced: true },
		update_reverse_zone: { title: _('Reverse domains there'), help: _('That hold the names of virtual addresses, such as 18.198.in-addr.arpa.'), isAdvanced: true },
		update_key_file: { title: _('File with its key'), help: _('The TSIG key, readable by root alone.'), isAdvanced: true },
		update_key_name: { title: _('Name of that key'), help: _('When the file does not say it.'), isAdvanced: true },
		idle: { title: _('Idle time'), help: _('Seconds without data after which a path ends.'), shown: '600', isAdvanced: true }
	},

	rs: {
		enabled: { title: _('Enabled'), help: _('This router joins nodes that cannot reach each other directly. It cannot read what it passes on.'), isFlag: true },
		name: { title: _('Name'), help: _('What the Direction Server calls it.'), shown: 'relay' },
		address: { title: _('Public address'), help: _('Where nodes reach this Relay Server.'), shown: '203.0.113.20' },
		exit: { title: _('To the Internet'), help: _('Carry traffic of nodes to hosts without NTMobile. Those see the address of this router.'), isFlag: true },
		exit_private: { title: _('Also to private addresses'), help: _('Let nodes reach the networks behind this router as well.'), isFlag: true, isAdvanced: true },
		exit_pool: { title: _('Who may go out'), help: _('Virtual addresses that may use this way. When empty, those of the own network.'), isAdvanced: true },
		weight: { title: _('Weight'), help: _('Share of the paths against other Relay Servers.'), isAdvanced: true },
		bandwidth: { title: _('Bandwidth'), help: _('Mbit/s relayed for the network at most; 0 for no limit. With a limit the kernel module is not used.'), isAdvanced: true },
		path_limit: { title: _('Paths at the same time'), help: _('More are sent to other Relay Servers.'), shown: '4096', isAdvanced: true },
		device: { title: _('Virtual interface'), help: _('Its name; begins with ntm.'), shown: 'ntm1', isAdvanced: true },
		mtu: { title: _('MTU'), help: _('Largest packet on the virtual interface, in bytes.'), shown: '1400', isAdvanced: true },
		ds_address: { title: _('Direction Server'), help: _('Its address and port. Set by joining; empty for the one on this router.'), isAdvanced: true },
		ds_key: { title: _('Key of the Direction Server'), help: _('64 hexadecimal digits. Set by joining.'), isAdvanced: true },
		invite: { title: _('Invite'), help: _('Taken in and removed at the next start. The overview page is the easier way.'), isAdvanced: true }
	},

	zone: {
		zone: { title: _('Domain'), help: _('Of the other Direction Server.'), shown: 'office.example' },
		address: { title: _('Address'), help: _('Where that Direction Server is.'), shown: '198.51.100.7' },
		key: { title: _('Public key'), help: _('Its owner finds it on the overview page.') },
		pool: { title: _('Virtual IPv4 addresses'), help: _('That its nodes have. Needed to reach them by IPv4.'), shown: '198.18.32.0/20' },
		policy: {
			title: _('Paths to and from it'),
			help: _('Whether your nodes and its nodes may reach each other.'),
			choices: [ [ 'allow', _('allowed') ], [ 'deny', _('not allowed') ] ],
			absent: 'allow'
		}
	},

	export: {
		host: { title: _('Host on the LAN'), help: _('It answers at the virtual IP of this router.'), shown: '192.168.1.20' },
		proto: { title: _('Protocols'), help: _('tcp, udp; both when empty.'), shown: 'tcp' },
		port: { title: _('Port'), help: _('At the virtual IP; all when empty.') },
		host_port: { title: _('Port at the host'), help: _('When it is another one.') },
		prefix: { title: _('Or a whole network'), help: _('Addresses on the LAN that peers with a route may reach.'), shown: '192.168.1.0/24' },
		seen_as: { title: _('Seen as'), help: _('Peers reach the network at these addresses instead, one for one: for when both ends have the same network. As large as the network itself.'), shown: '10.77.1.0/24' },
		keep_source: { title: _('Keep the sender'), help: _('The host sees the virtual IP of the peer and not the router. It must know the way back.'), isFlag: true }
	},

	route: {
		prefix: { title: _('Network'), help: _('Behind the other node.'), shown: '192.168.1.0/24' },
		via: { title: _('By way of'), help: _('Name of the node that lends it out.'), shown: 'router' }
	}
};

const titles = {
	ntmobile: _('General'),
	node: _('Node'),
	ds: _('Direction Server'),
	rs: _('Relay Server'),
	zone: _('Other zones'),
	export: _('Lent out from the LAN'),
	route: _('Networks behind other nodes')
};

/* Sections of which there may be any number. */
const lists = {
	export: { help: _('Hosts and networks of this LAN that peers may reach.'), add: _('Lend out more') },
	route: { help: _('Ways to networks that other nodes lend out.'), add: _('Add a network') },
	zone: { help: _('Networks of others whose nodes yours may reach by name. Both owners enter each other here.'), add: _('Add a zone') }
};

function widgetOf(option, text) {
	if (text.isFlag)
		return form.Flag;

	if (text.choices)
		return form.ListValue;

	return option.isList ? form.DynamicList : form.Value;
}

function addOption(section, type, option, hasTabs) {
	const text = texts[type][option.name] || { title: option.name, help: option.help, isAdvanced: true };
	const widget = widgetOf(option, text);
	const field = hasTabs
		? section.taboption(text.isAdvanced ? 'advanced' : 'general', widget, option.name, text.title, text.help)
		: section.option(widget, option.name, text.title, text.help);

	field.optional = true;
	field.rmempty = true;

	if (text.shown)
		field.placeholder = text.shown;

	if (text.isFlag) {
		field.rmempty = false;
		field.default = text.isOnWhenAbsent ? '1' : '0';
	}

	for (const choice of text.choices || [])
		field.value(choice[0], choice[1]);

	if (text.choices) {
		field.default = text.absent;
		field.optional = false;
	}

	if (!text.isFlag && !text.choices)
		field.validate = function(section_id, value) {
			if (value == null || value == '')
				return true;

			const problem = rules.optionProblem(type, option.name, [ String(value) ]);

			return problem == null ? true : words.sentence(problem);
		};
}

function addOptions(section, type) {
	const options = rules.optionsOf(type);
	const isAdvanced = option => (texts[type][option.name] || { isAdvanced: true }).isAdvanced;
	const hasTabs = options.some(isAdvanced);

	if (hasTabs) {
		section.tab('general', _('General'));
		section.tab('advanced', _('Advanced'));
	}

	/* In the order of the titles above; what has none comes last. */
	const order = Object.keys(texts[type]);
	const rank = option => (order.indexOf(option.name) + order.length + 1) % (order.length + 1);

	for (const option of options.slice().sort((left, right) => rank(left) - rank(right)))
		addOption(section, type, option, hasTabs);
}

function allSections() {
	return Object.keys(titles).flatMap(type => uci.sections('ntmobile', type));
}

return view.extend({
	load() {
		return uci.load('ntmobile');
	},

	render() {
		const map = new form.Map('ntmobile', _('NTMobile settings'),
			_('Paths may pause for a moment when changes are applied; connections over them survive.'));

		for (const type of [ 'ntmobile', 'node', 'ds', 'rs' ]) {
			const known = uci.sections('ntmobile', type)[0];
			const name = known ? known['.name'] : uci.add('ntmobile', type, type == 'ntmobile' ? 'main' : type);

			addOptions(map.section(form.NamedSection, name, type, titles[type]), type);
		}

		for (const type in lists) {
			const section = map.section(form.TypedSection, type, titles[type], lists[type].help);

			section.anonymous = true;
			section.addremove = true;
			section.addbtntitle = lists[type].add;
			addOptions(section, type);
		}

		/* What fits each field may still not fit together: the daemon's own judgement, before it is saved. */
		map.parse = function(...given) {
			return form.Map.prototype.parse.apply(this, given).then(result => {
				const problems = page.enabledRoles().length ? rules.configurationProblems(allSections()) : [];

				if (problems.length)
					throw new Error(problems.map(words.sentence).join('\n'));

				return result;
			});
		};

		return map.render();
	}
});
