/** LuCI's access list for the application: which ubus methods may be read and written, by the table. */
import { controlMethods } from '../../src/protocol/control-methods.ts';

const service = '/etc/init.d/ntmobile';

export function luciAccess(): string {
  const names = Object.entries(controlMethods).map(([name, { write }]) => ({ name, write }));
  const methods = (write: boolean) =>
    names.filter((method) => method.write === write).map(({ name }) => name);
  const lists = {
    'luci-app-ntmobile': {
      description: 'Grant access to NTMobile: paths, handovers, nodes and settings',
      read: {
        ubus: { ntmobile: methods(false), service: ['list'] },
        uci: ['ntmobile'],
      },
      write: {
        file: { [`${service} start`]: ['exec'], [`${service} restart`]: ['exec'] },
        ubus: { ntmobile: methods(true), file: ['exec'] },
        uci: ['ntmobile'],
      },
    },
    // Given apart, since the status page is seen by accounts that see no page of ours.
    'luci-mod-status-index-ntmobile': {
      description: 'Grant access to the NTMobile line of the status overview',
      read: { ubus: { ntmobile: ['status', 'handovers'] } },
    },
  };
  return `${JSON.stringify(lists, null, '\t')}\n`;
}
