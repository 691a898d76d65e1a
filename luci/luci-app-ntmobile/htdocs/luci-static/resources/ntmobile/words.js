'use strict';
'require baseclass';
'require ntmobile.sentences as sentences';

/* Values of the daemon in the words of the reader. */

function whole(number, unit) {
	return unit.format(Math.floor(number));
}

return baseclass.extend({
	list(parts) {
		return parts.length ? parts.reduce((text, part) => _('%s, %s').format(text, part)) : '';
	},

	/* Of a move or one of its paths: packets that did not come in, and those of ours that the peer did not get. */
	losses(row) {
		const parts = [];

		if (row.lostPackets != null)
			parts.push(_('%d in').format(row.lostPackets));

		if (row.peerLostPackets != null)
			parts.push(_('%d out').format(row.peerLostPackets));

		return this.list(parts.map(part => part.replace(' ', '\u00a0'))) || '-';
	},

	/* Of something that is measured: 3.2 ms, 850 ms, 4.1 s. */
	ms(value) {
		if (value == null)
			return '-';

		if (value < 10)
			return _('%.1f ms').format(value);

		if (value < 1000)
			return _('%d ms').format(Math.round(value));

		return _('%.1f s').format(value / 1000);
	},

	/* Of something that lasts: one unit, rounded down. */
	span(ms) {
		if (ms == null)
			return '-';

		const seconds = Math.max(0, ms / 1000);

		if (seconds < 60)
			return whole(seconds, _('%d s'));

		if (seconds < 3600)
			return whole(seconds / 60, _('%d min'));

		if (seconds < 172800)
			return whole(seconds / 3600, _('%d h'));

		return whole(seconds / 86400, _('%d d'));
	},

	ago(ms) {
		return ms == null ? '-' : _('%s ago').format(this.span(ms));
	},

	/* A moment by the clock of the browser; the daemon tells how long ago it was. */
	time(unixMs) {
		return new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
			dateStyle: 'medium',
			timeStyle: 'medium'
		}).format(new Date(unixMs));
	},

	bytes(count) {
		return count == null ? '-' : '%1024.1mB'.format(count);
	},

	rate(bytesPerSecond) {
		return bytesPerSecond == null ? '-' : _('%sbit/s').format('%1000.1m'.format(Math.round(bytesPerSecond * 8)));
	},

	route(row) {
		switch (row.route) {
		case 'direct':
			return _('direct');

		case 'punched':
			return _('direct through both NATs');

		case 'relay':
			return row.relayName ? _('relayed by %s').format(row.relayName) : _('relayed');

		default:
			return _('no way yet');
		}
	},

	/* The same in one word, for tables and pictures. */
	kind(route) {
		switch (route) {
		case 'direct': return _('direct');
		case 'punched': return _('punched');
		case 'relay': return _('relayed');
		default: return _('none');
		}
	},

	pathState(state) {
		switch (state) {
		case 'up': return _('up');
		case 'building': return _('building');
		case 'silent': return _('silent');
		default: return state;
		}
	},

	registration(role) {
		switch (role.state) {
		case 'starting': return _('starting');
		case 'no-uplink': return _('no network to go out');
		case 'registering': return _('registering');
		case 'registered': return _('registered');
		case 'refused': return _('refused');
		default: return role.state;
		}
	},

	cause(cause) {
		switch (cause) {
		case 'uplink-lost': return _('uplink lost');
		case 'uplink-preferred': return _('better uplink');
		case 'address-changed': return _('address changed');
		case 'silence': return _('path went silent');
		case 'nat-changed': return _('NAT changed');
		default: return cause;
		}
	},

	nat(nat) {
		switch (nat) {
		case 'global': return _('none, the address is its own');
		case 'private': return _('behind a NAT');
		default: return _('not known yet');
		}
	},

	dataPath(kind) {
		return kind == 'kernel' ? _('in the kernel') : _('in user space');
	},

	/* Null while nobody wants anything of it. */
	reach(reachable) {
		if (reachable == null)
			return _('not in use yet');

		return reachable ? _('reachable') : _('not reachable');
	},

	policy(policy) {
		switch (policy) {
		case 'allow': return _('allowed');
		case 'ask': return _('not accepted yet');
		case 'deny': return _('not allowed');
		default: return policy;
		}
	},

	/* A sentence of the daemon in the language of the reader; as it is where there is no translation. */
	sentence(text) {
		return sentences.translate(text);
	},

	/* "laptop.home.example" */
	fullName(name, zone) {
		return [ name, zone ].filter(part => part).join('.');
	}
});
