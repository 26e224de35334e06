// node_window.js WINDOW CALLS SERVICE
// Makes CALLS calls of SERVICE.hello with WINDOW of them in flight, each reply read as JSON and
// matched with its request. The window is refilled when all replies that had arrived are taken.
// Prints one line {"calls": int, "seconds": float, "cpu_us_per_call": float}.

'use strict';

const { randomUUID } = require('crypto');
const amqplib = require('amqplib');

async function main(window, calls, service) {
  const connection = await amqplib.connect(process.env.AMQP_URI, { noDelay: true });
  const channel = await connection.createChannel();
  const replyKey = randomUUID();
  const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
  await channel.bindQueue(queue, 'nameko-rpc', replyKey);

  const callIdStack = [`benchmark.call.${randomUUID()}`];
  const pending = new Map();
  let sent = 0;
  let answered = 0;
  let refillIsDue = false;
  let resolveAll;
  let rejectAll;
  const all = new Promise((resolve, reject) => {
    resolveAll = resolve;
    rejectAll = reject;
  });

  function take({ result, error }) {
    if (error || result !== 'Ann') {
      rejectAll(new Error(`a call was answered with ${JSON.stringify(error || result)}`));
    }
    answered += 1;
  }

  function fill() {
    refillIsDue = false;
    while (sent < calls && sent - answered < window) {
      const correlationId = randomUUID();
      pending.set(correlationId, take);
      const request = Buffer.from(JSON.stringify({ args: ['Ann'], kwargs: {} }));
      channel.publish('nameko-rpc', `${service}.hello`, request, {
        mandatory: true,
        persistent: false,
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        replyTo: replyKey,
        correlationId,
        headers: { 'nameko.call_id_stack': callIdStack },
      });
      sent += 1;
    }
  }

  channel.on('return', () => rejectAll(new Error(`unknown service ${service}`)));
  await channel.consume(queue, (message) => {
    const { correlationId } = message.properties;
    const done = pending.get(correlationId);
    if (!done) {
      return;
    }
    pending.delete(correlationId);
    done(JSON.parse(message.content));
    if (answered === calls) {
      resolveAll();
    } else if (!refillIsDue) {
      refillIsDue = true;
      setImmediate(fill);
    }
  }, { noAck: true });

  const cpuBefore = process.cpuUsage();
  const start = process.hrtime.bigint();
  fill();
  await all;
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(cpuBefore);

  console.log(JSON.stringify({ calls, seconds, cpu_us_per_call: (user + system) / calls }));
  await channel.close();
  await connection.close();
}

const [window, calls, service] = process.argv.slice(2);
main(Number(window), Number(calls), service).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
