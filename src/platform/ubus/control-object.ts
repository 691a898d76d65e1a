/**
 * The object `ntmobile`: every control method of the table as a method of ubus. A call that is refused has a
 * status and says why in `error`.
 */
import { controlMethods } from '../../protocol/control-methods.ts';
import type { ControlAnswer, ControlCall } from '../../protocol/machine.ts';
import { checkCall } from '../control/frames.ts';
import type { ArgumentTypeName, UbusAnswer, UbusMethod, UbusObject } from './object.ts';
import { ubusStatus } from './status.ts';

export const controlObjectPath = 'ntmobile';

const typeByArgument = { string: 'string', number: 'int32', boolean: 'int8' } as const;

export function controlObject(
  call: (call: ControlCall) => Promise<ControlAnswer>,
  more: Readonly<Record<string, UbusMethod>>,
): UbusObject {
  const methods: Record<string, UbusMethod> = { ...more };
  for (const [name, row] of Object.entries(controlMethods)) {
    const given = Object.entries<{ type: keyof typeof typeByArgument }>(row.arguments);
    methods[name] = {
      arguments: Object.fromEntries(
        given.map(([argument, { type }]): [string, ArgumentTypeName] => [
          argument,
          typeByArgument[type],
        ]),
      ),
      call: async (values): Promise<UbusAnswer> => {
        const checked = checkCall(name, values);
        if (!checked.ok) return refused(ubusStatus.invalidArgument, checked.error);
        const answer = await call(checked.call);
        if (!answer.ok) return refused(ubusStatus.unknownError, answer.error);
        return { status: ubusStatus.ok, data: answer.result };
      },
    };
  }
  return { path: controlObjectPath, methods };
}

export function refused(status: number, error: string): UbusAnswer {
  return { status, data: { error } };
}
