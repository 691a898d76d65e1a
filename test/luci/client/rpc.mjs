/** Calls of ubus objects over JSON-RPC: what is asked in one turn goes in one request. */

export function createRpc({ session, ubus }) {
  let waiting = [];
  let number = 0;

  async function send(calls) {
    const body = calls.map(({ message }) => message);
    const reply = await fetch(ubus, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body.length === 1 ? body[0] : body),
    }).then((answer) => {
      if (!answer.ok) throw new Error(`HTTP error ${answer.status}`);
      return answer.json();
    });
    const replies = Array.isArray(reply) ? reply : [reply];
    for (const call of calls) {
      call.settle(replies.find(({ id }) => id === call.message.id) ?? {});
    }
  }

  function request(message, alone) {
    return new Promise((resolve, reject) => {
      const settle = (reply) => {
        if (!reply.error) resolve(reply.result);
        else {
          const { object, method } = message;
          const { code, message: text } = reply.error;
          reject(new Error(`RPC call to ${object}/${method} failed with error ${code}: ${text}`));
        }
      };
      const calls = [{ message, settle }];
      const fail = (error) => reject(error);
      if (alone) return void send(calls).catch(fail);
      if (waiting.length === 0) {
        queueMicrotask(() => {
          const all = waiting;
          waiting = [];
          send(all).catch((error) => {
            for (const call of all) call.fail(error);
          });
        });
      }
      waiting.push({ ...calls[0], fail });
    });
  }

  return {
    list: (...names) => {
      number += 1;
      return request({ jsonrpc: '2.0', id: number, method: 'list', params: names }, false);
    },

    declare({ object, method, params = [], expect, reject, nobatch }) {
      return (...given) => {
        number += 1;
        const values = Object.fromEntries(params.map((name, index) => [name, given[index]]));
        const message = {
          jsonrpc: '2.0',
          id: number,
          method: 'call',
          params: [session, object, method, values],
        };
        return request(message, nobatch === true).then((result) => {
          const [code, data] = result;
          if (reject && code !== 0) throw new Error(`failed with ubus code ${code}`);
          let value = result.length > 1 ? data : code;
          for (const [key, fallback] of Object.entries(expect ?? {})) {
            if (key !== '' && value !== null && value !== undefined) value = value[key];
            const kind = Object.prototype.toString;
            if (kind.call(value) !== kind.call(fallback)) value = fallback;
          }
          return value;
        });
      };
    },
  };
}
