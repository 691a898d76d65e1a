'use strict';
'require baseclass';
'require rpc';

/*
 * Every call to the daemon's ubus object, and one way in which each of them fails: an Error with a
 * sentence and a `reason`:
 *   down     nothing of that name is on ubus: the daemon does not run
 *   busy     it runs and does not answer in time
 *   old      it does not know the method
 *   denied   this account may not call it
 *   refused  it says no; the sentence is its own
 *   lost     the router does not answer at all
 */

/* The arguments of each method, as in the daemon's table of control methods. */
const methods = {
	status: [],
	diagnose: [],
	paths: [ 'match', 'first', 'count' ],
	handovers: [ 'first', 'count', 'paths' ],
	nodes: [ 'match', 'first', 'count', 'kind', 'state' ],
	invite: [ 'name', 'relay', 'hours' ],
	invites: [],
	uninvite: [ 'name' ],
	rename: [ 'node', 'name' ],
	remove: [ 'node' ],
	trust: [ 'name', 'deny' ],
	drain: [ 'off' ],
	connect: [ 'peer' ],
	ping: [ 'peer' ],
	close: [ 'peer' ]
};

/* These wait for a peer, so they may not hold up what is asked at the same moment. */
const slow = [ 'connect', 'ping' ];

function declare(method, params) {
	return rpc.declare({
		object: 'ntmobile',
		method: method,
		params: params,
		nobatch: slow.includes(method)
	});
}

function trouble(reason, message) {
	return Object.assign(new Error(message), { reason: reason });
}

function troubleOfCode(code) {
	switch (code) {
	case 3:
	case 8:
		return trouble('old', _('The daemon is older than this page and does not know this yet.'));

	case 4:
		return trouble('down', _('The daemon does not run.'));

	case 6:
		return trouble('denied', _('Your account may not do this.'));

	case 7:
	case 10:
		return trouble('busy', _('The daemon does not answer.'));

	default:
		return trouble('refused', _('The daemon did not understand the question (ubus code %s).').format(code));
	}
}

function troubleOfError(error) {
	const match = (/error (-3\d+)/).exec(error.message || '');

	switch (match ? match[1] : '') {
	case '-32000':
		return trouble('down', _('The daemon does not run.'));

	case '-32002':
		return trouble('denied', _('Your account may not do this.'));

	case '-32003':
		return trouble('busy', _('The daemon does not answer.'));

	case '-32601':
		return trouble('old', _('The daemon is older than this page and does not know this yet.'));

	default:
		return trouble('lost', _('The router does not answer.'));
	}
}

/* The result of a call, or its failure. A refusal comes as an object with a sentence. */
function settle(reply) {
	return reply.then(result => {
		if (!L.isObject(result))
			throw troubleOfCode(result);

		if (typeof(result.error) == 'string')
			throw trouble('refused', result.error);

		return result;
	}, error => {
		throw troubleOfError(error);
	});
}

const callServiceList = rpc.declare({
	object: 'service',
	method: 'list',
	params: [ 'name' ],
	expect: { '': {} }
});

return baseclass.extend({
	methods: methods,

	/* ask('nodes', { match: 'lap' }) */
	ask(method, given) {
		const params = methods[method] || Object.keys(given || {});
		const call = declare(method, params);

		return settle(call(...params.map(name => (given || {})[name])));
	},

	/*
	 * What the daemon offers, as { method: { argument: type } }; empty when it does not run. Tells what an
	 * older daemon does not have, and what a newer one has besides.
	 */
	offered() {
		return L.resolveDefault(rpc.list('ntmobile'), {}).then(objects => {
			return (L.isObject(objects) && objects.ntmobile) || {};
		});
	},

	/* What procd knows of the service: { isKnown, isRunning, exitCode }. */
	service() {
		return L.resolveDefault(callServiceList('ntmobile'), {}).then(services => {
			const instances = Object.values((services.ntmobile || {}).instances || {});

			return {
				isKnown: services.ntmobile != null,
				isRunning: instances.some(instance => instance.running),
				exitCode: instances.length ? instances[0].exit_code : null
			};
		});
	}
});
