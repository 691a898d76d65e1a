/** Where both programs look when no option says otherwise: the places of OpenWrt, which plain Linux has too. */
export const defaultConfigPath = '/etc/config/ntmobile';
/** Keys, tokens and what must survive a restart: mode 0700. */
export const defaultStatePath = '/etc/ntmobile';
export const defaultControlPath = '/var/run/ntmobile.sock';
export const defaultUbusPath = '/var/run/ubus/ubus.sock';
