'use strict';
'require form';
'require network';

/*
 * The interface of a node among LuCI's interfaces. Its addresses and routes come from the daemon, so there is
 * nothing to enter but what the firewall and other services need; the rest is on the pages of NTMobile.
 */

return network.registerProtocol('ntmobile', {
	getI18n() {
		return _('NTMobile');
	},

	getIfname() {
		return this._ubus('l3_device') || this.sid;
	},

	getPackageName() {
		return 'ntmobile';
	},

	isFloating() {
		return true;
	},

	isVirtual() {
		return true;
	},

	getDevices() {
		return null;
	},

	containsDevice(ifname) {
		return network.getIfnameOf(ifname) == this.getIfname();
	},

	renderFormOptions(section) {
		const where = section.taboption('general', form.DummyValue, '_ntmobile', _('Set up'));

		where.rawhtml = false;
		where.cfgvalue = () => E('a', { 'href': L.url('admin/services/ntmobile/overview') }, [ _('Open the pages of NTMobile') ]);
		where.description = _('Name, virtual IP and routes come from the Direction Server once this router has joined a network.');
	}
});
