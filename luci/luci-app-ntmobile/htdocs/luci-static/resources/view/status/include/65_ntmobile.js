'use strict';
'require baseclass';
'require rpc';

/*
 * One line on the status page: how it stands, and the last move. It is asked for with every turn of that
 * page, so it asks for as little as it can; where NTMobile does not run there is no line.
 */

const callStatus = rpc.declare({ object: 'ntmobile', method: 'status' });

const callHandovers = rpc.declare({
	object: 'ntmobile',
	method: 'handovers',
	params: [ 'first', 'count', 'paths' ]
});

/* Loaded only where there is something to say. */
function wordsOf(status, handovers) {
	return L.require('ntmobile.words').then(words => {
		const parts = [];
		const kind = status.node ? 'success' : 'notice';
		const role = status.node || status.rs;

		if (status.node)
			parts.push(_('Node %s').format(words.fullName(status.node.name, status.node.zone) || '-'));

		if (status.ds)
			parts.push(_('Direction Server, %d of %d nodes online').format(status.ds.nodesOnline, status.ds.nodes));

		if (status.rs)
			parts.push(_('Relay Server, %d paths').format(status.rs.paths));

		const last = handovers[0];

		if (last)
			parts.push(_('last move %s: %s, to %s').format(words.ago(last.agoMs), words.cause(last.cause), last.toDevice || last.to || '-'));
		else if (status.node)
			parts.push(_('no moves yet'));

		return {
			label: role ? words.registration(role) : _('running'),
			kind: role && role.state != 'registered' ? 'warning' : kind,
			text: parts.join(' · ')
		};
	});
}

return baseclass.extend({
	title: _('NTMobile'),

	load() {
		return L.resolveDefault(callStatus(), null).then(status => {
			if (!L.isObject(status) || status.error)
				return null;

			const handovers = status.node ? L.resolveDefault(callHandovers(0, 1, 1), {}) : Promise.resolve({});

			return handovers.then(result => wordsOf(status, (L.isObject(result) && result.handovers) || []));
		});
	},

	render(line) {
		if (!line)
			return null;

		return E('p', [
			E('span', { 'class': 'label ' + line.kind }, [ line.label ]), ' ',
			line.text, ' ',
			E('a', { 'href': L.url('admin/services/ntmobile/overview') }, [ _('Details') ])
		]);
	}
});
